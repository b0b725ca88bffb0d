// SPDX-License-Identifier: Apache-2.0
export function DevicePage({ id, tab }: { id: string; tab: string }) {
  return <p>{id} {tab}</p>;
}

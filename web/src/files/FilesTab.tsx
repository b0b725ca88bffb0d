// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../store/model';

export default function FilesTab(_props: { device: Device; shown: boolean }) {
  return null;
}

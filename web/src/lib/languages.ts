// SPDX-License-Identifier: Apache-2.0
// A language's name in that language, so that its speakers find it.

export function languageName(lang: string): string {
  const tag = lang.replace('_', '-');
  const name = new Intl.DisplayNames([tag], { type: 'language' }).of(tag) ?? lang;
  return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1);
}

// SPDX-License-Identifier: Apache-2.0
// QR codes as an outline.
import qrcode from 'qrcode-generator';

const QUIET = 4;

/** The outline of all dark squares. @size: modules along one side. */
export function qrPath(text: string): { size: number; path: string } {
  const code = qrcode(0, 'M');
  code.addData(text, 'Byte');
  code.make();
  const size = code.getModuleCount();
  let path = '';
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) if (code.isDark(y, x)) path += `M${x + QUIET} ${y + QUIET}h1v1h-1z`;
  }
  return { size: size + 2 * QUIET, path };
}

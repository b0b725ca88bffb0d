// SPDX-License-Identifier: Apache-2.0
// Passwords for accounts of others.

/** A password that is easy to read out: four blocks of four, about 80 bits. */
export function makePassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  const bytes = crypto.getRandomValues(new Uint8Array(64));
  // Values at the upper end would make some letters likelier than others.
  const fair = [...bytes].filter((b) => b < 256 - (256 % letters.length)).slice(0, 16).map((b) => letters[b % letters.length]!);
  return fair.join('').replace(/(.{4})(?=.)/g, '$1-');
}

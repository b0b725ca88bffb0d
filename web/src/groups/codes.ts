// SPDX-License-Identifier: Apache-2.0
// Invitation codes as they are typed into one field.
import { _ } from '../lib/i18n';

/** What the server takes. */
const MOST_CODES = 32;
const LONGEST_CODE = 64;
const SHORTEST_CODE = 4;

export function parseCodes(typed: string): string[] {
  return [...new Set(typed.split(/[,;\n]/).map((code) => code.trim()).filter(Boolean))];
}

/** What is wrong with @codes, in words. */
export function codesProblem(codes: readonly string[]): string | null {
  if (codes.length > MOST_CODES) return _('A group has {n} codes at most.', { n: MOST_CODES });
  if (codes.some((code) => new TextEncoder().encode(code).length > LONGEST_CODE)) return _('A code has {n} characters at most.', { n: LONGEST_CODE });
  if (codes.some((code) => code.length < SHORTEST_CODE)) return _('A code has {n} characters at least, or it is guessed.', { n: SHORTEST_CODE });
  return null;
}

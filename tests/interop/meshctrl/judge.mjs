// SPDX-License-Identifier: Apache-2.0
// Whether a row came out as the table says.
import assert from 'node:assert/strict';

function without(value, names) {
  if (Array.isArray(value)) return value.map((v) => without(v, names));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).filter(([k]) => !names.includes(k)).map(([k, v]) => [k, without(v, names)]));
}

/** What is left of an output without the parts that differ on purpose. */
function rest(text, row) {
  if (row.json) return JSON.stringify(without(JSON.parse(text), row.drop), null, 1);
  return row.except.reduce((t, pattern) => t.replace(pattern, ''), text).split('\n').map((l) => l.trimEnd()).filter((l) => l !== '').join('\n');
}

/** Throws when the row is not as it says, be it worse or better. */
export function judge(row) {
  assert.equal(typeof row.mine, 'string', 'it was not run');
  assert.equal(typeof row.theirs, 'string', 'it was not run');
  if (row.deliberate === undefined && row.unavailable === undefined) {
    assert.equal(row.mine, row.theirs);
    assert.ok(row.quiet || row.theirs !== '', 'nothing was printed');
    return;
  }
  assert.notEqual(row.mine, row.theirs, 'it is said to differ and does not');
  if (row.except) assert.equal(rest(row.mine, row), rest(row.theirs, row));
  else assert.match(row.mine, row.ours);
}

export function isRight(row) {
  try { judge(row); return true; } catch { return false; }
}

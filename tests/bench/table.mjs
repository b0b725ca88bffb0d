// SPDX-License-Identifier: Apache-2.0
// A table of figures: another program, Bowline, the ratio between them (more is better for Bowline), what Bowline is held to.
const KIB = 1024;
const units = {
  MiB: (v) => (v / KIB / KIB).toFixed(1), KiB: (v) => (v / KIB).toFixed(1), ms: (v) => (v * 1e3).toFixed(2),
  µs: (v) => (v * 1e6).toFixed(1), s: (v) => v.toFixed(3), '/s': (v) => v.toFixed(v < 100 ? 1 : 0), 's/GB': (v) => v.toFixed(2),
  times: (v) => v.toFixed(0), '×': (v) => v.toFixed(2), 'MB/s': (v) => (v / 1e6).toFixed(1),
};
const MORE_IS_BETTER = new Set(['/s', 'MB/s', '×']);

export function shown(value, unit) { return value === undefined || Number.isNaN(value) ? '–' : `${units[unit](value)} ${unit}`; }

/** A row is {figure, unit, target, lessIsBetter, [peer], Bowline}; a target may be a function of the peer's value. */
export function print(rows, peer) {
  const lines = [['Figure', peer, 'Bowline', 'Ratio', 'Target', ''], ...rows.map((row) => {
    const more = MORE_IS_BETTER.has(row.unit) && !row.lessIsBetter;
    const ratio = more ? row.Bowline / row[peer] : row[peer] / row.Bowline;
    const target = typeof row.target === 'function' ? row.target(row[peer]) : row.target;
    const known = target !== undefined && !Number.isNaN(target);
    const met = more ? row.Bowline >= target : row.Bowline <= target;
    return [row.figure, shown(row[peer], row.unit), shown(row.Bowline, row.unit),
      Number.isFinite(ratio) ? `${ratio.toFixed(1)}×` : '–',
      known ? `${more ? '≥' : '≤'} ${shown(target, row.unit)}` : '–',
      !known || row.Bowline === undefined ? '' : met ? 'met' : 'MISSED'];
  })];
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  for (const line of lines) {
    process.stdout.write(`${line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ').trimEnd()}\n`);
  }
}

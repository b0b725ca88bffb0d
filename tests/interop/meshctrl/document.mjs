// SPDX-License-Identifier: Apache-2.0
// docs/COMPATIBILITY.md from the rows and what was printed for them.
import { title } from './rows.mjs';

const cell = (text) => text.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('`', "'");
const code = (text) => `\`${text.replaceAll('|', '¦').replaceAll('`', "'")}\``;

/** The actions of the events that were printed. */
function events(text) {
  const actions = [...text.matchAll(/"action": "(\w+)"/g)].map((m) => m[1]).filter((a) => a !== 'event');
  return actions.length === 0 ? '(nothing)' : actions.map(code).join(' ');
}

/** The first line that says something. */
function result(text, row) {
  if (row.command === 'ShowEvents') return events(text);
  const lines = text.split('\n').filter((l) => l.trim() !== '');
  if (lines.length === 0) return '(nothing)';
  const first = lines[0].length > 70 ? `${lines[0].slice(0, 69)}…` : lines[0];
  return code(lines.length === 1 ? first : `${first} …`);
}

function line(row) {
  const who = row.as === 'admin' || row.as === 'nobody' ? '' : row.as;
  const about = [who && `as ${who}`, row.about].filter(Boolean).join(': ');
  if (row.differs) return `| ${code(title(row))} | ${cell(about)} | | **open** |`;
  let verdict = 'same';
  if (row.deliberate !== undefined) verdict = `**on purpose** ${result(row.mine, row)}: ${cell(row.deliberate)}`;
  if (row.unavailable !== undefined) verdict = `**not available yet** ${result(row.mine, row)}: ${cell(row.unavailable)}`;
  return `| ${code(title(row))} | ${cell(about)} | ${result(row.theirs, row)} | ${verdict} |`;
}

export function document(stages) {
  const rows = stages.flatMap((s) => s.rows);
  const count = (kind) => rows.filter((r) => r[kind] !== undefined && !r.differs).length;
  const differs = rows.filter((r) => r.differs).length;
  const parts = [`<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Made by tests/interop/meshctrl.test.mjs --write; change the tables in tests/interop/meshctrl/. -->
# Compatibility with meshctrl

The command line of MeshCentral 1.1.55, \`meshctrl.js\`, is run unchanged against MeshCentral and against Bowline, each with the same
accounts and device groups and a MeshAgent of its own. What it prints is compared byte for byte after identifiers, times, secrets,
ports and addresses have been replaced; the order of the members of a JSON object is not compared.

${rows.length} cases: ${rows.length - count('deliberate') - count('unavailable') - differs} the same, ${count('deliberate')} different on purpose, ${count('unavailable')} not available yet${differs ? `, ${differs} open: they differ and should not, or the\npart is not there yet` : ''}.
`];
  for (const stage of stages) {
    parts.push(`## ${stage.title}\n\n| Command | About | MeshCentral prints | Bowline |\n|---|---|---|---|\n${stage.rows.map(line).join('\n')}\n`);
  }
  return parts.join('\n');
}

// SPDX-License-Identifier: Apache-2.0
// Collects the page's translatable strings (for po/bowline-web.pot and the catalogs).
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { entryKey } from './po.mjs';

const CALLS = { _: 1, N_: 1, C_: 2, ngettext: 2 };

export function sourceFiles(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) => {
    const path = join(dir, e.name);
    if (e.isDirectory()) return sourceFiles(path);
    return /\.tsx?$/.test(e.name) ? [path] : [];
  }).sort();
}

function literal(node, file, call) {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken)
    return literal(node.left, file, call) + literal(node.right, file, call);
  const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
  throw new Error(`${file.fileName}:${line + 1}: ${call}() expects a literal string, found: ${node.getText(file)}`);
}

/**
 * @typedef {{context: string | null, id: string, plural: string | null, references: string[]}} Message
 */

/** All messages of the sources below @dir, each with its references relative to @dir's parent. */
export function extract(dir) {
  const found = new Map();
  for (const path of sourceFiles(dir)) {
    const kind = path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
    const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, false, kind);
    const visit = (node) => {
      if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
        const call = node.expression.text;
        const count = Object.hasOwn(CALLS, call) ? CALLS[call] : 0;
        if (count > 0) {
          const [a, b] = node.arguments.slice(0, count).map((x) => literal(x, file, call));
          const entry = { context: null, id: a, plural: null, references: [] };
          if (call === 'C_') Object.assign(entry, { context: a, id: b });
          if (call === 'ngettext') entry.plural = b;
          const known = found.get(entryKey(entry)) ?? entry;
          known.plural ??= entry.plural;
          const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
          known.references.push(`web/src/${relative(dir, path)}:${line + 1}`);
          found.set(entryKey(entry), known);
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  return [...found.values()];
}

const quote = (s) => `"${s.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;

/** The template as text. Line numbers are left out: they change without a change of text. */
export function potText(entries) {
  const head = '# SPDX-License-Identifier: Apache-2.0\n# Strings of the Bowline page.\nmsgid ""\nmsgstr ""\n'
    + '"Project-Id-Version: bowline\\n"\n"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    + '"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n';
  return head + entries.map((e) => {
    const files = [...new Set(e.references.map((r) => r.replace(/:\d+$/, '')))];
    return `\n${files.map((f) => `#: ${f}`).join('\n')}\n`
      + (e.context === null ? '' : `msgctxt ${quote(e.context)}\n`)
      + `msgid ${quote(e.id)}\n`
      + (e.plural === null ? 'msgstr ""\n' : `msgid_plural ${quote(e.plural)}\nmsgstr[0] ""\nmsgstr[1] ""\n`);
  }).join('');
}

// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseCss, purgeCss, splitSelectors } from '../tools/css-purge.mjs';
import { compileCatalog, parsePo, pluralTable, untranslated } from '../tools/po.mjs';

const PO = `msgid ""
msgstr ""
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

#: a.ts
msgid "One\\n"
"two"
msgstr "Eins\\nzwei"

#, fuzzy
msgid "Old"
msgstr "Alt"

msgctxt "verb"
msgid "Open"
msgstr "Öffnen"

msgid "{n} file"
msgid_plural "{n} files"
msgstr[0] "{n} Datei"
msgstr[1] "{n} Dateien"

#~ msgid "gone"
#~ msgstr "weg"
`;

test('po files are read with contexts, plurals and continued lines', () => {
  const entries = parsePo(PO);
  assert.equal(entries.length, 5);
  const catalog = compileCatalog(entries, new Set(['One\ntwo', 'Old', 'verb\u0004Open', '{n} file']));
  assert.deepEqual(catalog.messages, { 'One\ntwo': 'Eins\nzwei', 'verb\u0004Open': 'Öffnen', '{n} file': ['{n} Datei', '{n} Dateien'] });
  assert.throws(() => parsePo('nonsense'), /po:1: unexpected line/);
});

test('untranslated and fuzzy messages are found', () => {
  const entries = parsePo(PO);
  const template = parsePo('msgid "Old"\nmsgstr ""\n\nmsgid "New"\nmsgstr ""\n\nmsgctxt "verb"\nmsgid "Open"\nmsgstr ""\n');
  assert.deepEqual(untranslated(template, entries), ['Old', 'New']);
});

test('plural rules become tables', () => {
  assert.equal(pluralTable('nplurals=2; plural=(n != 1);').slice(0, 3), '101');
  const russian = pluralTable('nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);');
  assert.equal(russian[1], '0');
  assert.equal(russian[122], '1');
  assert.equal(russian[112], '2');
  assert.throws(() => pluralTable('nplurals=2; plural=alert(1)'), /expected/);
});

test('stylesheets lose what nothing refers to', () => {
  const css = ':root{--a:1px;--b:var(--c);--c:2px;--d:3px}@font-face{font-family:X}.x{width:var(--b)}.pf-v6-theme-glass .x{color:red}';
  assert.equal(purgeCss(css), ':root{--b:var(--c);--c:2px;}.x{width:var(--b);}');
  assert.match(purgeCss(css, ['--d']), /--d:3px/);
  assert.equal(parseCss('.a{background:url("x;}y")}')[0].body[0].text, 'background:url("x;}y")');
  assert.deepEqual(splitSelectors('a:is(b,c), d'), ['a:is(b,c)', 'd']);
});

// SPDX-License-Identifier: Apache-2.0
// Reads gettext .po files and turns them into the catalogs the page loads.

const ESCAPES = { n: '\n', t: '\t', r: '\r', '"': '"', '\\': '\\' };

function unquote(line, where) {
  const match = /^"(.*)"$/.exec(line.trim());
  if (!match) throw new Error(`${where}: expected a quoted string, found: ${line}`);
  return match[1].replace(/\\(.)/g, (whole, c) => ESCAPES[c] ?? whole);
}

/** Returns [{context, id, plural, strings[], fuzzy, references[]}]; obsolete entries are left out. */
export function parsePo(text, name = 'po') {
  const entries = [];
  let entry = null;
  let field = null;
  const fresh = () => ({ context: null, id: null, plural: null, strings: [], fuzzy: false, references: [] });
  const flush = () => {
    if (entry && entry.id !== null) entries.push(entry);
    entry = null;
    field = null;
  };
  text.split('\n').forEach((raw, index) => {
    const line = raw.trim();
    const where = `${name}:${index + 1}`;
    if (line === '') { flush(); return; }
    if (line.startsWith('#~')) return;
    entry ??= fresh();
    if (line.startsWith('#,')) { entry.fuzzy ||= /\bfuzzy\b/.test(line); return; }
    if (line.startsWith('#:')) { entry.references.push(...line.slice(2).trim().split(/\s+/)); return; }
    if (line.startsWith('#')) return;
    const match = /^(msgctxt|msgid|msgid_plural|msgstr)(?:\[(\d+)\])?\s+(".*")$/.exec(line);
    const set = (value, append) => {
      const [kind, n] = field;
      if (kind === 'msgstr') entry.strings[n] = append ? entry.strings[n] + value : value;
      else {
        const key = { msgctxt: 'context', msgid: 'id', msgid_plural: 'plural' }[kind];
        entry[key] = append ? entry[key] + value : value;
      }
    };
    if (match) {
      if (match[1] === 'msgid' && entry.id !== null) { flush(); entry = fresh(); }
      field = [match[1], Number(match[2] ?? 0)];
      set(unquote(match[3], where), false);
    } else if (field) set(unquote(line, where), true);
    else throw new Error(`${where}: unexpected line: ${line}`);
  });
  flush();
  return entries;
}

export function entryKey(entry) {
  return entry.context === null ? entry.id : `${entry.context}\u0004${entry.id}`;
}

/**
 * Which of the plural forms 0 … 199 take, as a string of digits. Every known
 * rule repeats itself every hundred from there on, so the page needs no
 * evaluator of expressions (which its content security policy forbids).
 */
export function pluralTable(rule) {
  const match = /nplurals\s*=\s*(\d);\s*plural\s*=\s*([-n0-9\s()?:%=!<>&|+]+);?\s*$/.exec(rule);
  if (!match) throw new Error(`Plural-Forms: expected "nplurals=N; plural=EXPRESSION;", found: ${rule}`);
  const evaluate = new Function('n', `return Number(${match[2]})`);
  return Array.from({ length: 200 }, (_, n) => evaluate(n)).join('');
}

/** Catalog of the page: only the messages in @wanted (a Set of keys), ready for JSON. */
export function compileCatalog(entries, wanted) {
  const header = entries.find((e) => e.id === '' && e.context === null);
  const plural = /Plural-Forms:\s*([^\n]+)/.exec(header?.strings[0] ?? '')?.[1] ?? 'nplurals=2; plural=(n != 1);';
  const messages = {};
  for (const entry of entries) {
    if (entry.id === '' || entry.fuzzy || !wanted.has(entryKey(entry))) continue;
    if (entry.strings.some((s) => !s)) continue;
    messages[entryKey(entry)] = entry.plural === null ? entry.strings[0] : entry.strings;
  }
  return { plural: pluralTable(plural.trim()), messages };
}

/** Keys of @template that @entries does not translate. */
export function untranslated(template, entries) {
  const have = new Map(entries.map((e) => [entryKey(e), e]));
  return template.filter((t) => t.id !== '').filter((t) => {
    const e = have.get(entryKey(t));
    const wanted = t.plural === null ? 1 : 2;
    return !e || e.fuzzy || e.strings.length < wanted || e.strings.some((s) => !s);
  }).map(entryKey);
}

// SPDX-License-Identifier: Apache-2.0
// gettext in the browser: the same .po files as the server's, compiled at build time.
import type { Catalog } from './page';

let catalog: Catalog | null = null;
let language = 'en';
const listeners = new Set<() => void>();
const RTL = new Set(['ar', 'fa', 'he', 'ur']);

export function setCatalog(lang: string, next: Catalog | null): void {
  catalog = next;
  language = lang;
  if (typeof document !== 'undefined') {
    document.documentElement.lang = lang.replace('_', '-');
    document.documentElement.dir = RTL.has(lang.split('_')[0]!) ? 'rtl' : 'ltr';
  }
  for (const listener of listeners) listener();
}

export function currentLanguage(): string {
  return language;
}

export function onLanguageChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function fill(text: string, args?: Record<string, string | number>): string {
  return args ? text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in args ? String(args[name]) : whole)) : text;
}

function lookUp(key: string): string | undefined {
  const found = catalog?.messages[key];
  return typeof found === 'string' ? found : found?.[0];
}

/** Translates @id; `{name}` in it is replaced by @args. */
export function _(id: string, args?: Record<string, string | number>): string {
  return fill(lookUp(id) ?? id, args);
}

/** Like _() for a short text that needs a context to be translated well. */
export function C_(context: string, id: string, args?: Record<string, string | number>): string {
  return fill(lookUp(`${context}\u0004${id}`) ?? id, args);
}

/** Marks @id for translation elsewhere. */
export function N_(id: string): string {
  return id;
}

/** Translates with the plural form for @n, which also replaces `{n}`. */
export function ngettext(one: string, many: string, n: number): string {
  const forms = catalog?.messages[one];
  const text = Array.isArray(forms) ? forms[pluralForm(catalog!.plural, n)] : undefined;
  return fill(text ?? (n === 1 ? one : many), { n: n.toLocaleString(localeTag()) });
}

export function pluralForm(table: string, n: number): number {
  const count = Math.abs(Math.trunc(n));
  return Number(table[count < 200 ? count : 100 + (count % 100)] ?? 0);
}

/** The language as Intl wants it. */
export function localeTag(): string {
  return language.replace('_', '-');
}

/** Whether somebody chose a language in this browser. */
export function hasChosenLanguage(): boolean {
  try {
    return localStorage.getItem('bowline.lang') !== null;
  } catch {
    return false;
  }
}

/** Switches in place; the page is not reloaded. @keep: this browser shall remember it. */
export async function chooseLanguage(lang: string, { keep = true } = {}): Promise<void> {
  const url = window.bowline.catalogs[lang];
  const next = url ? ((await (await fetch(url)).json()) as Catalog) : null;
  // The form and the application are separate bundles: this is how one tells the other.
  window.bowline.lang = lang;
  window.bowline.catalog = Promise.resolve(next);
  try {
    if (keep) localStorage.setItem('bowline.lang', lang);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  setCatalog(lang, next);
}

// SPDX-License-Identifier: Apache-2.0
// The files kept on the server as the answer to "files" lists them, and their addresses.
import type { Entry } from '../files/protocol';

export interface Owner {
  /** Of the account or the device group. */
  id: string;
  /** Empty for one's own files. */
  name: string;
  /** Bytes that may be kept; null without limit. */
  limit: number | null;
  used: number;
  root: Folder;
}

export type Folder = Record<string, unknown>;
type Json = Record<string, unknown>;

const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? value as Json : {});
const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);

function bytesIn(folder: Folder): number {
  return Object.values(folder).map(object).reduce((sum, e) => sum + (e['t'] === 2 ? bytesIn(object(e['f'])) : number(e['s'])), 0);
}

/** One's own files first, then groups by name. */
export function readOwners(tree: unknown): Owner[] {
  const owners = Object.entries(object(object(tree)['f'])).map(([id, value]): Owner => {
    const { t, n, maxbytes, f } = object(value);
    const root = object(f);
    return { id, name: t === 4 && typeof n === 'string' ? n : '', limit: typeof maxbytes === 'number' ? maxbytes : null, used: bytesIn(root), root };
  });
  return owners.sort((a, b) => Number(a.name !== '') - Number(b.name !== '') || a.name.localeCompare(b.name));
}

const namesOf = (path: string): string[] => path.split('/').filter(Boolean);

/** Null when there is no such folder any more. */
export function entriesAt(owner: Owner, path: string): Entry[] | null {
  let folder = owner.root;
  for (const name of namesOf(path)) {
    const next = Object.hasOwn(folder, name) ? object(folder[name]) : {};
    if (next['t'] !== 2) return null;
    folder = object(next['f']);
  }
  return Object.entries(folder).map(([name, value]) => {
    const { t, s, d } = object(value);
    return { name, kind: t === 2 ? 'folder' : 'file', size: number(s), modified: number(d), free: 0, target: null };
  });
}

/** The folder as the server's operations name it. */
export function serverPath(owner: Owner, path: string): string[] {
  return [owner.id, ...namesOf(path)];
}

function linkOf(owner: Owner, path: string, name: string): string {
  return encodeURIComponent([...serverPath(owner, path), name].join('/'));
}

export function downloadAddress(owner: Owner, path: string, name: string): string {
  return `/downloadfile.ashx?link=${linkOf(owner, path, name)}`;
}

export function uploadAddress(owner: Owner, path: string, name: string, piece: { part: string; offset: number; size: number }): string {
  return `/api/files?link=${linkOf(owner, path, name)}&offset=${piece.offset}&size=${piece.size}&part=${piece.part}`;
}

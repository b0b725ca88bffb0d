// SPDX-License-Identifier: Apache-2.0
// Framing of the files protocol: directory entries, upload blocks, download
// blocks, and paths of the device.

export interface Entry {
  name: string;
  kind: 'drive' | 'folder' | 'file';
  size: number;
  /** ms since 1970, 0 when not known. */
  modified: number;
  /** Free bytes of a drive. */
  free: number;
  /** Where a symbolic link points to; null when it is none, or the agent does not tell. */
  target: string | null;
}

export const BLOCK = 65_536;
const DOWNLOAD_HEAD = 4;
const OPEN_BRACE = 0x7b;

type Json = Record<string, unknown>;

/** Reads the "dir" of an answer to ls; null means the folder cannot be read. */
export function readEntries(dir: unknown): Entry[] | null {
  if (!Array.isArray(dir)) return null;
  const entries: Entry[] = [];
  for (const value of dir as unknown[]) {
    if (typeof value !== 'object' || value === null) continue;
    const { n, t, s, d, f, l } = value as Json;
    if (typeof n !== 'string' || n === '' || n === '.' || n === '..') continue;
    const time = typeof d === 'string' ? Date.parse(d) : typeof d === 'number' ? d : NaN;
    entries.push({
      name: n, kind: t === 1 ? 'drive' : t === 2 ? 'folder' : 'file',
      size: typeof s === 'number' ? s : 0, modified: Number.isFinite(time) ? time : 0, free: typeof f === 'number' ? f : 0,
      target: typeof l === 'string' ? l : null,
    });
  }
  return entries;
}

/**
 * A block as it must be sent: one that begins with 0 or "{" would be taken for
 * an escape or for JSON, so it gets a 0 in front.
 */
export function escapeBlock(block: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (block.length === 0 || (block[0] !== 0 && block[0] !== OPEN_BRACE)) return block;
  const escaped = new Uint8Array(block.length + 1);
  escaped.set(block, 1);
  return escaped;
}

export type Frame =
  | { kind: 'json'; message: Json }
  | { kind: 'block'; data: Uint8Array<ArrayBuffer>; last: boolean }
  | { kind: 'unknown' };

/** Tells what a binary frame from the device is. */
export function parseFrame(buffer: ArrayBuffer): Frame {
  const bytes = new Uint8Array(buffer);
  if (bytes[0] === OPEN_BRACE) {
    try {
      const message: unknown = JSON.parse(new TextDecoder().decode(bytes));
      if (typeof message === 'object' && message !== null) return { kind: 'json', message: message as Json };
    } catch {
      return { kind: 'unknown' };
    }
  }
  if (bytes.length >= DOWNLOAD_HEAD && bytes[0] === 1)
    return { kind: 'block', data: bytes.subarray(DOWNLOAD_HEAD), last: (bytes[3]! & 1) !== 0 };
  return { kind: 'unknown' };
}

/** Paths are kept with "/" on every system; on Windows the empty path lists the drives. */
export function normalizePath(path: string, windows: boolean): string {
  const parts: string[] = [];
  for (const part of path.trim().replace(/\\/g, windows ? '/' : '\\').split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return fromParts(parts, windows);
}

export function pathParts(path: string): string[] {
  return path.split('/').filter(Boolean);
}

export function fromParts(parts: readonly string[], windows: boolean): string {
  if (!windows) return `/${parts.join('/')}`;
  // "C:" alone would be that drive's current folder.
  return parts.length === 1 && parts[0]!.endsWith(':') ? `${parts[0]}/` : parts.join('/');
}

export function joinPath(dir: string, name: string): string {
  return dir === '' || dir.endsWith('/') ? `${dir}${name}` : `${dir}/${name}`;
}

export function parentPath(path: string, windows: boolean): string {
  return fromParts(pathParts(path).slice(0, -1), windows);
}

/** Why @name cannot be used for a file; null when it can. */
export function nameProblem(name: string, windows: boolean): 'empty' | 'slash' | 'dots' | null {
  if (name.trim() === '') return 'empty';
  if (name === '.' || name === '..') return 'dots';
  if (name.includes('/') || name.includes('\0') || (windows && /[\\:*?"<>|]/.test(name))) return 'slash';
  return null;
}

const ARCHIVES = /\.(zip|tar|tgz|tbz2|txz|tar\.(gz|bz2|xz|zst))$/i;

/** The folder an archive is unpacked into: its name without the ending. Null when it is no archive that agents know. */
export function archiveFolder(name: string): string | null {
  const folder = name.replace(ARCHIVES, '');
  return folder !== name && nameProblem(folder, false) === null ? folder : null;
}

export type FileSort = 'name' | 'size' | 'modified';

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** Folders first, whatever the order. */
export function sortEntries(entries: readonly Entry[], key: FileSort, descending: boolean): Entry[] {
  const sign = descending ? -1 : 1;
  return [...entries].sort((a, b) => {
    const folders = Number(a.kind === 'file') - Number(b.kind === 'file');
    if (folders !== 0) return folders;
    const order = key === 'size' ? a.size - b.size : key === 'modified' ? a.modified - b.modified : 0;
    return sign * (order || collator.compare(a.name, b.name));
  });
}

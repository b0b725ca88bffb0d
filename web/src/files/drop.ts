// SPDX-License-Identifier: Apache-2.0
// Files and whole folders that are dropped on the page.

export interface Dropped {
  file: File;
  /** Folders between the drop and the file, from the outside in. */
  folders: string[];
}

const FILE_LIMIT = 20_000;

/** Must be called while the drop event is handled: its data is gone afterwards. */
export function droppedFiles(transfer: DataTransfer): Promise<Dropped[]> {
  const entries = [...transfer.items].map((i) => i.webkitGetAsEntry?.() ?? null).filter((e): e is FileSystemEntry => e !== null);
  if (entries.length === 0) return Promise.resolve([...transfer.files].map((file) => ({ file, folders: [] })));
  return collect(entries);
}

async function collect(entries: FileSystemEntry[]): Promise<Dropped[]> {
  const found: Dropped[] = [];
  const walk = async (entry: FileSystemEntry, folders: string[]): Promise<void> => {
    if (found.length >= FILE_LIMIT) return;
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      found.push({ file, folders });
    } else if (entry.isDirectory) {
      for (const child of await children(entry as FileSystemDirectoryEntry)) await walk(child, [...folders, entry.name]);
    }
  };
  for (const entry of entries) await walk(entry, []);
  return found;
}

/** The browser hands out a folder's content in portions, until an empty one. */
async function children(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

/** Every folder that @files need, parents before children. */
export function neededFolders(files: readonly Dropped[]): string[][] {
  const seen = new Map<string, string[]>();
  for (const { folders } of files) {
    for (let n = 1; n <= folders.length; n++) {
      const part = folders.slice(0, n);
      seen.set(part.join('/'), part);
    }
  }
  return [...seen.values()].sort((a, b) => a.length - b.length);
}

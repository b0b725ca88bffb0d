// SPDX-License-Identifier: Apache-2.0
// What the build made: sizes, hashes, policy, translations.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { extract, potText } from '../tools/extract.mjs';
import { parsePo, untranslated } from '../tools/po.mjs';

interface Entry { path: string; file: string; type: string; size: number; sha256: string; immutable: boolean; encodings: Record<string, { file: string; size: number }> }

const source = process.env['BL_WEB_SOURCE']!;
const dist = join(process.env['BL_WEB_BUILD']!, 'dist');
const manifest = JSON.parse(readFileSync(join(dist, 'manifest.json'), 'utf8')) as { index: string; files: Entry[] };
const find = (path: string) => manifest.files.find((f) => f.path === path)!;
const boot = manifest.files.find((f) => f.path.startsWith('/assets/boot-'))!;
const bootText = readFileSync(join(dist, boot.file), 'utf8');
const kB = 1000;

/** Paths of the files named in the boot script's part @name. */
function part(name: string): string[] {
  const match = new RegExp(`${name}:\\{scripts:\\[([^\\]]*)\\],style:"([^"]*)"`).exec(bootText);
  assert.ok(match, `no part ${name} in the boot script`);
  return [...match[1]!.matchAll(/"([^"]*)"/g)].map((m) => m[1]!).concat(match[2]!);
}

test('every file is there, with the content the manifest says', () => {
  for (const entry of manifest.files) {
    const data = readFileSync(join(dist, entry.file));
    assert.equal(createHash('sha256').update(data).digest('hex'), entry.sha256, entry.path);
    assert.equal(data.length, entry.size);
    for (const [name, unpack] of [['br', brotliDecompressSync], ['gzip', gunzipSync]] as const) {
      const packed = entry.encodings[name];
      if (packed) assert.ok(unpack(readFileSync(join(dist, packed.file))).equals(data), packed.file);
    }
    assert.equal(entry.immutable, /-[\w]{8,}\.\w+$/.test(entry.path), entry.path);
  }
  assert.equal(manifest.index, '/index.html');
});

for (const [name, limit, requests] of [['login', 60 * kB, 6], ['vnc', 85 * kB, 6], ['chat', 40 * kB, 6], ['app', 250 * kB, 15]] as const) {
  test(`${name} stays within ${limit / kB} kB and ${requests} requests`, () => {
    const paths = [manifest.index, boot.path, ...part(name), ...manifest.files.filter((f) => f.path.startsWith('/i18n/')).slice(0, 1).map((f) => f.path)];
    const size = paths.reduce((sum, p) => sum + (find(p).encodings['gzip']?.size ?? find(p).size), 0);
    assert.ok(size <= limit, `${size} bytes with gzip`);
    assert.ok(paths.length <= requests - 1, `${paths.length} requests and the API`);
  });
}

test('desktop, terminal and files are not on the way to the first paint', () => {
  const first = new Set(part('app'));
  const later = manifest.files.filter((f) => f.path.startsWith('/assets/c-') && !first.has(f.path));
  assert.ok(later.some((f) => f.size > 200 * kB), 'the terminal is a part of its own');
  const painter = manifest.files.find((f) => f.path.startsWith('/assets/painter-'))!;
  assert.ok(painter.immutable && painter.size < 20 * kB, 'the worker is a small file of its own');
  for (const path of first) assert.doesNotMatch(readFileSync(join(dist, find(path).file), 'utf8'), /transferControlToOffscreen/, path);
});

test('the page needs no inline script, style or foreign address', () => {
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/i);
  assert.doesNotMatch(html, /(src|href)="(https?:)?\/\//);
  for (const entry of manifest.files.filter((f) => f.path.endsWith('.css')))
    assert.doesNotMatch(readFileSync(join(dist, entry.file), 'utf8'), /url\(["']?(https?:)?\/\//, entry.path);
});

test('the window of a VNC server is the same page at its own address, and its client is named', () => {
  assert.ok(readFileSync(join(dist, 'novnc', 'vnc.html')).equals(readFileSync(join(dist, 'index.html'))));
  assert.ok(find('/novnc/vnc.html'));
  assert.match(readFileSync(join(dist, 'licenses.txt'), 'utf8'), /@novnc\/novnc 1\.[\d.]+ \(MPL-2\.0\)/);
});

test('sources: no innerHTML, no style elements, files below 500 lines', () => {
  const walk = (dir: string): string[] => readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? walk(join(dir, e.name)) : [join(dir, e.name)]));
  for (const file of walk(join(source, 'src'))) {
    const text = readFileSync(file, 'utf8');
    assert.doesNotMatch(text, /innerHTML|dangerouslySetInnerHTML|insertAdjacentHTML|document\.write|\beval\(/, file);
    assert.ok(text.split('\n').length <= 500, `${file} is too long`);
    assert.match(text, /SPDX-License-Identifier: Apache-2\.0/, file);
  }
});

test('every string of the page is in the template and translated', () => {
  const po = join(source, '..', 'po');
  const entries = extract(join(source, 'src'));
  assert.equal(readFileSync(join(po, 'bowline-web.pot'), 'utf8'), potText(entries), 'run "npm run extract" in web/');
  const template = parsePo(potText(entries), 'pot');
  const languages = readdirSync(po).filter((n) => n.endsWith('.po'));
  assert.ok(languages.includes('de.po'));
  for (const name of languages) {
    assert.ok(existsSync(join(po, name)));
    const parsed = parsePo(readFileSync(join(po, name), 'utf8'), name) as { id: string; strings: string[] }[];
    assert.deepEqual(untranslated(template, parsed), [], `${name} lacks these`);
    for (const { id, strings } of parsed) for (const s of id ? strings : [])
      assert.deepEqual(placeholders(s).filter((p) => !placeholders(id).includes(p)), [], `${name}: "${s}" has a placeholder that "${id}" has not`);
  }
});

function placeholders(text: string): string[] {
  return text.match(/\{\w+\}/g) ?? [];
}

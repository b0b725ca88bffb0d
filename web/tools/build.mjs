// SPDX-License-Identifier: Apache-2.0
// Builds the page: hashed, minified and pre-compressed files plus manifest.json.
// Run it through the link that deps.mjs makes beside the packages (node --preserve-symlinks).
// Usage: build.mjs --source DIR --packages DIR --po DIR --out DIR [--stamp FILE --depfile FILE]
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import { purgeCss } from './css-purge.mjs';
import { extract } from './extract.mjs';
import { compileCatalog, entryKey, parsePo } from './po.mjs';

const { values: opt } = parseArgs({ options: {
  source: { type: 'string' }, packages: { type: 'string' }, po: { type: 'string' }, out: { type: 'string' },
  stamp: { type: 'string' }, depfile: { type: 'string' }, version: { type: 'string', default: '0' },
} });
for (const name of ['source', 'packages', 'po', 'out']) {
  if (!opt[name]) { console.error(`build.mjs: --${name} is missing`); process.exit(2); }
}
const source = resolve(opt.source);
const packages = resolve(opt.packages);
const out = resolve(opt.out);

const TARGET = ['chrome109', 'firefox115', 'safari16.4'];
const BASE_CSS = '@patternfly/react-core/dist/styles/base.css';
const inputs = new Set();
const files = new Map();

const hashName = (data) => createHash('sha256').update(data).digest('base64url').replace(/[-_]/g, 'x').slice(0, 10);

function add(path, data, immutable) {
  files.set(path, { data: Buffer.from(data), immutable });
  return path;
}

const common = {
  bundle: true, write: false, metafile: true, minify: true, charset: 'utf8', legalComments: 'none',
  target: TARGET, absWorkingDir: source, nodePaths: [join(packages, 'node_modules')],
  jsx: 'automatic', define: { 'process.env.NODE_ENV': '"production"' }, logLevel: 'warning',
  loader: { '.svg': 'text', '.woff2': 'empty', '.png': 'empty' },
};

/**
 * xterm.js writes its rules into style elements and style attributes, which our
 * content security policy refuses. Both have an equal in the CSS object model:
 * <bl-sheet> (src/terminal/sheet.ts) and style.cssText. An update of xterm.js
 * that changes these places fails here instead of in the browser.
 */
const XTERM_PATCHES = [
  ['createElement("style")', 'createElement("bl-sheet")', 3],
  ['t.setAttribute("style",`${t.getAttribute("style")||""}${e};`)', 't.style.cssText+=`${e};`', 1],
];

const strictXterm = {
  name: 'strict-xterm',
  setup(build) {
    build.onLoad({ filter: /@xterm[\\/]xterm[\\/]lib[\\/]xterm\.mjs$/ }, ({ path }) => {
      let contents = readFileSync(path, 'utf8');
      for (const [from, to, count] of XTERM_PATCHES) {
        const parts = contents.split(from);
        if (parts.length !== count + 1) throw new Error(`${path}: expected ${count} times ${from}, found ${parts.length - 1}`);
        contents = parts.join(to);
      }
      return { contents, loader: 'js' };
    });
  },
};

function remember(metafile) {
  for (const name of Object.keys(metafile.inputs)) {
    // esbuild also lists its own, such as <stdin>.
    if (!name.startsWith('<') && !/^[a-z]+:/i.test(name)) inputs.add(resolve(source, name));
  }
}

/** The catalogs: only what the sources use, so a server string never travels to the page. */
function buildCatalogs() {
  const wanted = new Set(extract(join(source, 'src')).map(entryKey));
  const catalogs = {};
  for (const name of readdirSync(opt.po).filter((n) => n.endsWith('.po')).sort()) {
    const path = join(resolve(opt.po), name);
    inputs.add(path);
    const json = JSON.stringify(compileCatalog(parsePo(readFileSync(path, 'utf8'), path), wanted));
    const lang = name.slice(0, -3);
    catalogs[lang] = `/${add(`i18n/${lang}-${hashName(json)}.json`, json, true)}`;
  }
  return catalogs;
}

/** A script that runs as a worker: one file that shares nothing. Returns its address. */
async function buildWorker(name, file) {
  const result = await esbuild.build({ ...common, format: 'iife', entryPoints: [file] });
  remember(result.metafile);
  const { text } = result.outputFiles[0];
  return `/${add(`assets/${name}-${hashName(text)}.js`, text, true)}`;
}

/** @splitting: parts that are imported on demand become files of their own. */
async function buildModules(entry, file, splitting, define = {}) {
  const result = await esbuild.build({
    ...common, format: 'esm', splitting, plugins: [strictXterm], outdir: join(out, 'assets'), entryPoints: { [entry]: file },
    define: { ...common.define, ...define }, entryNames: '[name]-[hash]', chunkNames: 'c-[hash]', loader: { ...common.loader, '.css': 'empty' },
  });
  remember(result.metafile);
  for (const output of result.outputFiles) add(relative(out, output.path).split(sep).join('/'), output.contents, true);
  return result.metafile;
}

/** Purges and adds a stylesheet made of @imports, in that order. */
async function buildStyle(name, imports, scriptText) {
  const contents = imports.map((i) => `@import ${JSON.stringify(i)};`).join('\n');
  const result = await esbuild.build({ ...common, minify: false, stdin: { contents, loader: 'css', resolveDir: source }, outdir: out });
  remember(result.metafile);
  const roots = [...scriptText.matchAll(/--pf-[\w-]+/g)].map((m) => m[0]);
  const purged = purgeCss(result.outputFiles[0].text, roots);
  const { code } = await esbuild.transform(purged, { loader: 'css', minify: true, target: TARGET });
  return add(`assets/${name}-${hashName(code)}.css`, code, true);
}

/** The stylesheets that the components in the scripts ask for; one file for all parts of the application. */
function componentStyles(metafile) {
  const own = Object.keys(metafile.inputs).filter((name) => name.endsWith('.css')).map((name) => resolve(source, name));
  const packaged = own.filter((path) => path.includes('node_modules')).sort();
  return [BASE_CSS, ...packaged, ...own.filter((path) => !packaged.includes(path)).sort()];
}

/** @entry's script and everything it imports at once, ready to be preloaded. */
function closure(metafile, entryPoint) {
  const [first] = Object.entries(metafile.outputs).find(([, o]) => o.entryPoint === entryPoint);
  const seen = new Set();
  const visit = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const i of metafile.outputs[name].imports) if (i.kind === 'import-statement') visit(i.path);
  };
  visit(first);
  return [...seen].map((name) => `/${relative(out, resolve(source, name)).split(sep).join('/')}`);
}

function packageLicenses(metafiles) {
  const dirs = new Set(metafiles.flatMap(({ inputs: used }) => Object.keys(used)).flatMap((name) => {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(resolve(source, name).split(sep).join('/'));
    return match ? [match[1]] : [];
  }));
  return [...dirs].sort().map((dir) => {
    const { name, version, license } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
    const file = readdirSync(dir).find((n) => /^licen[cs]e/i.test(n));
    return `${name} ${version} (${license})\n\n${file ? readFileSync(join(dir, file), 'utf8').trim() : ''}\n`;
  }).join('\n\n----\n\n');
}

const TYPES = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8', svg: 'image/svg+xml', txt: 'text/plain; charset=utf-8' };

function writeAll() {
  rmSync(out, { recursive: true, force: true });
  const list = [];
  for (const [path, { data, immutable }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const target = join(out, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, data);
    const sha256 = createHash('sha256').update(data).digest('hex');
    const entry = { path: `/${path}`, file: path, type: TYPES[path.split('.').pop()], size: data.length,
      sha256, etag: `"${sha256.slice(0, 32)}"`, immutable, encodings: {} };
    const br = brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length } });
    const gz = gzipSync(data, { level: 9 });
    for (const [name, suffix, packed] of [['br', 'br', br], ['gzip', 'gz', gz]]) {
      if (packed.length >= data.length) continue;
      writeFileSync(`${target}.${suffix}`, packed);
      entry.encodings[name] = { file: `${path}.${suffix}`, size: packed.length };
    }
    list.push(entry);
  }
  const manifest = { version: 1, index: '/index.html', files: list };
  writeFileSync(join(out, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
}

const catalogs = buildCatalogs();
const painter = await buildWorker('painter', 'src/desktop/painter.worker.ts');
const metafile = await buildModules('app', 'src/app/main.tsx', true, { __PAINTER__: JSON.stringify(painter) });
// The form is one small file that shares nothing, so that it costs one request.
const loginMeta = await buildModules('login', 'src/login/login.ts', false);
const vncMeta = await buildModules('vnc', 'src/vnc/vnc.ts', false);
const chatMeta = await buildModules('chat', 'src/chat/chat.ts', false);
const scriptText = [...files].filter(([p]) => p.endsWith('.js')).map(([, f]) => f.data.toString()).join('\n');
const appCss = await buildStyle('app', componentStyles(metafile), scriptText);
const loginCss = await buildStyle('login', ['./src/login/login.css'], '');
const vncCss = await buildStyle('vnc', ['./src/vnc/vnc.css'], '');
const chatCss = await buildStyle('chat', ['./src/chat/chat.css'], '');

const boot = await esbuild.build({
  ...common, format: 'iife', entryPoints: ['src/boot.ts'],
  define: { ...common.define, __PAGE__: JSON.stringify({
    version: opt.version, catalogs,
    app: { scripts: closure(metafile, 'src/app/main.tsx'), style: `/${appCss}` },
    login: { scripts: closure(loginMeta, 'src/login/login.ts'), style: `/${loginCss}` },
    vnc: { scripts: closure(vncMeta, 'src/vnc/vnc.ts'), style: `/${vncCss}` },
    chat: { scripts: closure(chatMeta, 'src/chat/chat.ts'), style: `/${chatCss}` },
  }) },
});
remember(boot.metafile);
const bootText = boot.outputFiles[0].text;
const bootPath = add(`assets/boot-${hashName(bootText)}.js`, bootText, true);

const iconSource = join(source, 'html/icon.svg');
// Inside the page the icon costs no request.
const icon = `data:image/svg+xml,${encodeURIComponent(readFileSync(iconSource, 'utf8').trim())}`;
const htmlSource = join(source, 'html/index.html');
inputs.add(iconSource).add(htmlSource);
const html = readFileSync(htmlSource, 'utf8').replace('@BOOT@', `/${bootPath}`).replace('@ICON@', icon);
add('index.html', html, false);
// The address that other programs know; the boot script sees where it is.
add('novnc/vnc.html', html, false);
add('licenses.txt', packageLicenses([metafile, vncMeta]), false);
writeAll();

if (opt.depfile) {
  const tools = readdirSync(join(source, 'tools')).map((n) => join(source, 'tools', n));
  const own = [...inputs].filter((p) => !p.includes('node_modules')).concat(tools);
  writeFileSync(opt.depfile, `${opt.stamp}: ${own.map((p) => p.replace(/ /g, '\\ ')).join(' ')}\n`);
}
if (opt.stamp) writeFileSync(opt.stamp, '');

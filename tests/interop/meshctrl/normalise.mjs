// SPDX-License-Identifier: Apache-2.0
// Output of meshctrl with everything replaced that differs from run to run. What is left is compared byte for byte.

const PATTERNS = [
  [/\b127\.0\.0\.1:\d{4,5}\b/g, '127.0.0.1:<client port>'],
  [/\x1b\[[0-9;?]*[A-Za-z]/g, ''],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>'],
  [/\b\d{1,2}\/\d{1,2}\/\d{4}, \d{1,2}:\d\d:\d\d [AP]M/g, '<time>'],
  [/\b1[78]\d{11}\b/g, '<ms>'],
  [/\b2[0-9]\d{11}\b/g, '<ms>'], // the end of a certificate
  [/\b1[78]\d{8}\b/g, '<seconds>'],
  [/~t:[A-Za-z0-9@$]{16}/g, '<token user>'],
  [/^(Password: )[A-Za-z0-9@$]{20}$/gm, '$1<secret>'],
  [/([?&]c=|[?&]auth=)[A-Za-z0-9@$=%]{60,}/g, '$1<cookie>'],
  [/^(ID: |Identifier: +)[A-Za-z0-9@$]{12}$/gm, '$1<share>'],
  [/\b(mesh|node|user|ugrp)\/([^/\s"]*)\/[A-Za-z0-9@$]{64}/g, '$1/$2/<id>'],
  [/(?<![A-Za-z0-9@$])[A-Za-z0-9@$]{64}(?![A-Za-z0-9@$=])/g, '<id>'],
  [/\b[0-9A-Fa-f]{96}\b/g, '<hash>'],
];

/** Members of an object by their names, documents by their ids: their order means nothing, and nobody promises one. */
export function sorted(value) {
  if (Array.isArray(value)) {
    const items = value.map(sorted);
    return items.every((i) => i?._id) ? items.sort((a, b) => (a._id < b._id ? -1 : 1)) : items;
  }
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.keys(value).sort().map((k) => [k, sorted(value[k])]));
}

function escape(text) { return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'); }

/**
 * text as printed for a row on a server.
 * row.json: it is JSON, members are sorted. row.lines: the order of lines means nothing. row.reduce: what of it counts.
 */
export function normalise(text, peer, row = {}) {
  let result = text.replaceAll('\r\n', '\n').trimEnd();
  if (row.reduce) result = row.reduce(result);
  for (const [value, stands] of peer.names()) {
    const bounded = /^\w/.test(value) ? `(?<![\\w@$])${escape(value)}(?![\\w@$])` : escape(value);
    result = result.replace(new RegExp(bounded, 'g'), () => stands);
  }
  for (const [name, port] of [['port', peer.port], ['redirect port', peer.redirectPort], ['mps port', peer.mpsPort]]) {
    result = result.replace(new RegExp(`(?<!\\d)${port}(?!\\d)`, 'g'), `<${name}>`);
  }
  result = result.replace(/\blocalhost\b/g, '127.0.0.1');
  for (const [pattern, stands] of PATTERNS) result = result.replace(pattern, stands);
  if (row.json) {
    // Numbers became words without quotes; they are quoted so that it can be read again.
    const quoted = result.replace(/(?<=(?:":|[[,])\s*)<(ms|seconds|port|redirect port|mps port)>/g, '"<$1>"');
    try { result = JSON.stringify(sorted(JSON.parse(quoted)), null, 1); } catch { /* then it is compared as it is */ }
  }
  if (row.lines) result = result.split('\n').sort().join('\n');
  return result;
}

// SPDX-License-Identifier: Apache-2.0
// Shrinks a stylesheet: drops themes that the page does not offer, fonts, and
// custom properties that nothing refers to. PatternFly declares some thousands.

const DROP_SELECTOR = /\.pf-v6-theme-(glass|high-contrast|redhat|felt)|\.pf-v6-chart|\.pf-chart/;
const DROP_AT_RULE = /^@(font-face|charset)/;

/** Splits @text into a tree: {head, body: node[]} for blocks, {text} for declarations and statements. */
export function parseCss(text) {
  const root = [];
  const stack = [root];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"' || c === "'") i = skipString(text, i);
    else if (c === '/' && text[i + 1] === '*') {
      const end = text.indexOf('*/', i + 2);
      text = text.slice(0, i) + text.slice(end < 0 ? text.length : end + 2);
      i--;
    } else if (c === '(') i = skipParens(text, i);
    else if (c === '{') {
      const node = { head: text.slice(start, i).trim(), body: [] };
      stack[stack.length - 1].push(node);
      stack.push(node.body);
      start = i + 1;
    } else if (c === ';' || c === '}') {
      const declaration = text.slice(start, i).trim();
      if (declaration) stack[stack.length - 1].push({ text: declaration });
      if (c === '}') stack.pop();
      start = i + 1;
    }
  }
  return root;
}

function skipString(text, i) {
  const quote = text[i];
  for (i++; i < text.length && text[i] !== quote; i++) if (text[i] === '\\') i++;
  return i;
}

function skipParens(text, i) {
  let depth = 0;
  for (; i < text.length; i++) {
    const c = text[i];
    if (c === '"' || c === "'") i = skipString(text, i);
    else if (c === '(') depth++;
    else if (c === ')' && --depth === 0) return i;
  }
  return i;
}

/** Splits a selector list at its top-level commas. */
export function splitSelectors(head) {
  const parts = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < head.length; i++) {
    if (head[i] === '(' || head[i] === '[') depth++;
    else if (head[i] === ')' || head[i] === ']') depth--;
    else if (head[i] === ',' && depth === 0) {
      parts.push(head.slice(start, i).trim());
      start = i + 1;
    }
  }
  parts.push(head.slice(start).trim());
  return parts.filter(Boolean);
}

function dropThemes(nodes) {
  return nodes.flatMap((node) => {
    if (node.text !== undefined) return [node];
    if (DROP_AT_RULE.test(node.head)) return [];
    let head = node.head;
    if (!head.startsWith('@')) {
      const kept = splitSelectors(head).filter((s) => !DROP_SELECTOR.test(s.replace(/:not\([^()]*(\([^()]*\)[^()]*)*\)/g, '')));
      if (kept.length === 0) return [];
      head = kept.join(',');
    }
    return [{ head, body: dropThemes(node.body) }];
  });
}

const NAME = /^(--[\w-]+)\s*:/;
const USE = /var\(\s*(--[\w-]+)/g;

/** Names of the custom properties that are reachable from an ordinary declaration or from @roots. */
function reachable(nodes, roots) {
  const uses = new Map();
  const queue = [...roots];
  const walk = (list) => {
    for (const node of list) {
      if (node.body) { walk(node.body); continue; }
      const names = [...node.text.matchAll(USE)].map((m) => m[1]);
      const own = NAME.exec(node.text)?.[1];
      if (own) uses.set(own, [...(uses.get(own) ?? []), ...names]);
      else queue.push(...names);
    }
  };
  walk(nodes);
  const seen = new Set();
  while (queue.length > 0) {
    const name = queue.pop();
    if (seen.has(name)) continue;
    seen.add(name);
    queue.push(...(uses.get(name) ?? []));
  }
  return seen;
}

function dropUnused(nodes, used) {
  return nodes.flatMap((node) => {
    if (node.text !== undefined) {
      const own = NAME.exec(node.text)?.[1];
      return own && !used.has(own) ? [] : [node];
    }
    const body = dropUnused(node.body, used);
    return body.length > 0 ? [{ head: node.head, body }] : [];
  });
}

function print(nodes) {
  return nodes.map((n) => (n.body ? `${n.head}{${print(n.body)}}` : `${n.text};`)).join('');
}

/** @roots: names of custom properties that scripts use. */
export function purgeCss(text, roots = []) {
  const nodes = dropThemes(parseCss(text));
  return print(dropUnused(nodes, reachable(nodes, roots)));
}

// SPDX-License-Identifier: Apache-2.0
// Builds elements without markup in strings.

type Child = Node | string | null;

export function el<K extends keyof HTMLElementTagNameMap>(
  name: K, attributes: Record<string, string | boolean | undefined> = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(key, '');
    else if (typeof value === 'string') node.setAttribute(key, value);
  }
  node.append(...children.filter((c): c is Node | string => c !== null));
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/** Bowline's sign: a loop that holds. */
export function brandMark(): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 32 32');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'brand-mark');
  for (const [d, opacity] of [['M9 27V14a7 7 0 1 1 7 7h-3', '1'], ['M22 27c0-4-2-7-5-9', '.75']] as const) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    path.setAttribute('opacity', opacity);
    svg.append(path);
  }
  return svg;
}

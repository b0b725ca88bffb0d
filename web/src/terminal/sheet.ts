// SPDX-License-Identifier: Apache-2.0
// <bl-sheet>: what a style element does, by way of a constructed stylesheet,
// which a strict content security policy allows. The build makes xterm.js use it.

class SheetElement extends HTMLElement {
  private readonly rules = new CSSStyleSheet();

  override get textContent(): string {
    return [...this.rules.cssRules].map((r) => r.cssText).join('\n');
  }

  override set textContent(text: string) {
    this.rules.replaceSync(text);
  }

  connectedCallback(): void {
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.rules];
  }

  disconnectedCallback(): void {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((s) => s !== this.rules);
  }
}

if (!customElements.get('bl-sheet')) customElements.define('bl-sheet', SheetElement);

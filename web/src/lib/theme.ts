// SPDX-License-Identifier: Apache-2.0
// Light or dark: the system's choice until the user makes one.

export type ThemeChoice = 'system' | 'light' | 'dark';

const KEY = 'bowline.theme';
const dark = window.matchMedia('(prefers-color-scheme: dark)');

export function themeChoice(): ThemeChoice {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

export function isDark(): boolean {
  const choice = themeChoice();
  return choice === 'dark' || (choice === 'system' && dark.matches);
}

export function applyTheme(): void {
  const on = isDark();
  const root = document.documentElement;
  root.classList.toggle('pf-v6-theme-dark', on);
  root.style.colorScheme = on ? 'dark' : 'light';
}

export function setTheme(choice: ThemeChoice): void {
  try {
    if (choice === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
  } catch {
    // Private windows may refuse storage: the choice then lasts as long as the page.
  }
  applyTheme();
  for (const listener of listeners) listener();
}

const listeners = new Set<() => void>();

/** Calls @listener whenever the colours change. Returns the function that ends this. */
export function onThemeChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

dark.addEventListener('change', () => {
  applyTheme();
  for (const listener of listeners) listener();
});

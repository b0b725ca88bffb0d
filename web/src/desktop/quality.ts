// SPDX-License-Identifier: Apache-2.0
// Presets of the picture, and the one that the user made.
import { isDoc, number } from '../store/model';
import type { Quality } from './packets';

export type Preset = 'best' | 'balanced' | 'low' | 'custom';

export interface QualityChoice { preset: Preset; custom: Quality }

const FULL = 1024;
export const PRESETS: Readonly<Record<Exclude<Preset, 'custom'>, Quality>> = {
  best: { format: 1, quality: 90, scaling: FULL, interval: 25 },
  balanced: { format: 1, quality: 60, scaling: FULL, interval: 40 },
  low: { format: 1, quality: 25, scaling: FULL / 2, interval: 120 },
};

const KEY = 'bowline.desktop.quality';
const NAMES: readonly string[] = ['best', 'balanced', 'low', 'custom'];

export function qualityOf({ preset, custom }: QualityChoice): Quality {
  return preset === 'custom' ? custom : PRESETS[preset];
}

export function parseChoice(text: string | null): QualityChoice {
  const choice: QualityChoice = { preset: 'balanced', custom: PRESETS.balanced };
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    if (!isDoc(value)) return choice;
    if (NAMES.includes(String(value['preset']))) choice.preset = value['preset'] as Preset;
    const custom = value['custom'];
    if (isDoc(custom)) {
      const read = (name: keyof Quality, low: number, high: number) => Math.min(high, Math.max(low, number(custom[name]) || PRESETS.balanced[name]));
      choice.custom = { format: read('format', 1, 4), quality: read('quality', 1, 100), scaling: read('scaling', 64, 4096), interval: read('interval', 20, 5000) };
    }
  } catch {
    // Then the default is right.
  }
  return choice;
}

export function loadChoice(): QualityChoice {
  try {
    return parseChoice(localStorage.getItem(KEY));
  } catch {
    return parseChoice(null);
  }
}

export function saveChoice(choice: QualityChoice): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(choice));
  } catch {
    // Then it lasts as long as the page.
  }
}

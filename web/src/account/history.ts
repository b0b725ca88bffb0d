// SPDX-License-Identifier: Apache-2.0
// Sign-ins of an account, past ones and those that last, read from the server's answer.
import { _ } from '../lib/i18n';
import { isDoc, number, text } from '../store/model';

export interface Login {
  time: number;
  good: boolean;
  address: string;
  token: string;
}

const SIGNED_IN = 107;

export function readLogins(value: unknown): Login[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  return list.filter(isDoc).map((l) => {
    const args: unknown[] = Array.isArray(l['a']) ? l['a'] : [];
    return { time: Date.parse(text(l['t'])) || 0, good: l['m'] === SIGNED_IN, address: text(args[0]), token: text(l['tn']) };
  });
}

/** A browser that is signed in. */
export interface Session {
  id: string;
  created: number;
  seen: number;
  address: string;
  agent: string;
  /** The one this page is in. */
  own: boolean;
  /** Opened by a login token or key. */
  token: boolean;
}

export function readSessions(value: unknown): Session[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  return list.filter(isDoc).filter((s) => text(s['id'])).map((s) => ({
    id: text(s['id']), created: number(s['created']), seen: number(s['seen']), address: text(s['address']), agent: text(s['agent']),
    own: s['own'] === true, token: s['token'] === true,
  }));
}

/** In this order: most browsers name others, too. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [[/\bEdg\w*\//, 'Edge'], [/\bOPR\//, 'Opera'], [/\bFirefox\//, 'Firefox'], [/\bHeadlessChrome\//, 'Chromium'], [/\bChrom(e|ium)\//, 'Chrome'], [/\bSafari\//, 'Safari']];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [[/Windows/, 'Windows'], [/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Mac OS X/, 'macOS'], [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux']];

/** A browser's description of itself in a few words; what says nothing known stays as it is, cut. */
export function agentWords(agent: string): string {
  const browser = BROWSERS.find(([pattern]) => pattern.test(agent))?.[1];
  const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1];
  if (!browser) return agent.slice(0, 60);
  return system ? _('{browser} on {system}', { browser, system }) : browser;
}

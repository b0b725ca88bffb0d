// SPDX-License-Identifier: Apache-2.0
// The server's sign-in endpoints.

export type LoginError = 'invalid' | 'token-required' | 'locked' | 'throttled' | 'server' | 'network';

export interface LoginResult {
  ok: boolean;
  error?: LoginError;
  /** Seconds until another attempt counts. */
  retryAfter?: number;
}

const KNOWN = new Set<string>(['invalid', 'token-required', 'locked', 'throttled']);

async function post(path: string, body: unknown): Promise<Response> {
  return fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), cache: 'no-store' });
}

export async function signIn(username: string, password: string, token: string): Promise<LoginResult> {
  let response: Response;
  try {
    response = await post('/api/login', token ? { username, password, token } : { username, password });
  } catch {
    return { ok: false, error: 'network' };
  }
  if (response.ok) return { ok: true };
  const answer = (await response.json().catch(() => ({}))) as { error?: unknown; retryAfter?: unknown };
  const error = KNOWN.has(String(answer.error)) ? (answer.error as LoginError) : 'server';
  const header = Number(response.headers.get('Retry-After'));
  const retryAfter = typeof answer.retryAfter === 'number' ? answer.retryAfter : header;
  return { ok: false, error, retryAfter: retryAfter > 0 ? retryAfter : 0 };
}

export async function signOut(everywhere: boolean): Promise<void> {
  await post('/api/logout', { everywhere });
}

/** Whether the browser holds a valid session; null when the server cannot be asked. */
export async function haveSession(): Promise<boolean | null> {
  try {
    const response = await fetch('/api/session', { cache: 'no-store' });
    return response.ok ? true : response.status === 401 ? false : null;
  } catch {
    return null;
  }
}

export function noteSignedIn(on: boolean): void {
  try {
    if (on) localStorage.setItem('bowline.signed-in', '1');
    else localStorage.removeItem('bowline.signed-in');
  } catch {
    // Only a shortcut: without it the page asks the server first.
  }
}

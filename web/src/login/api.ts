// SPDX-License-Identifier: Apache-2.0
// The server's sign-in endpoints.

export type LoginError = 'invalid' | 'token-required' | 'locked' | 'throttled' | 'password-change-required' | 'same-password' | 'expired'
  | 'server' | 'network';

export interface LoginResult {
  ok: boolean;
  error?: LoginError;
  /** Seconds until another attempt counts. */
  retryAfter?: number;
  /** With 'password-change-required': what changePassword() needs. */
  ticket?: string;
}

const KNOWN = new Set<string>(['invalid', 'token-required', 'locked', 'throttled', 'password-change-required', 'same-password', 'expired']);

async function post(path: string, body: unknown): Promise<Response> {
  return fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), cache: 'no-store' });
}

export function signIn(username: string, password: string, token: string): Promise<LoginResult> {
  return attempt(token ? { username, password, token } : { username, password });
}

/** Ends a sign-in that demands a new password; the browser is signed in then. */
export function changePassword(ticket: string, password: string, newPassword: string): Promise<LoginResult> {
  return attempt({ ticket, password, newPassword });
}

async function attempt(body: Record<string, string>): Promise<LoginResult> {
  let response: Response;
  try {
    response = await post('/api/login', body);
  } catch {
    return { ok: false, error: 'network' };
  }
  if (response.ok) return { ok: true };
  const answer = (await response.json().catch(() => ({}))) as { error?: unknown; retryAfter?: unknown; ticket?: unknown };
  const error = KNOWN.has(String(answer.error)) ? (answer.error as LoginError) : 'server';
  const header = Number(response.headers.get('Retry-After'));
  const retryAfter = typeof answer.retryAfter === 'number' ? answer.retryAfter : header;
  const ticket = typeof answer.ticket === 'string' ? answer.ticket : '';
  return { ok: false, error, ticket, retryAfter: retryAfter > 0 ? retryAfter : 0 };
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

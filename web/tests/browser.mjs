// SPDX-License-Identifier: Apache-2.0
// Chromium for tests and pictures: own profile, no network of its own, and a
// list of everything the console complained about.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export const CHROMIUM = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

export async function openBrowser(options = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'bowline-page-'));
  const context = await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, headless: true, args: ARGS, locale: 'en', ...options });
  const page = context.pages()[0] ?? await context.newPage();
  const problems = [];
  page.on('console', (m) => { if (['warning', 'error'].includes(m.type())) problems.push(m.text()); });
  page.on('pageerror', (e) => problems.push(e.message));
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, page, problems, close };
}

export async function signIn(page, url, path = '/login') {
  await page.goto(`${url}${path}`);
  await page.fill('#login-username', 'admin');
  await page.fill('#login-password', 'admin');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.bl-page');
}

// SPDX-License-Identifier: Apache-2.0
// Copies the built page to its place, honouring DESTDIR.
// Usage: install.mjs DIST_DIR TARGET_DIR
import { cpSync } from 'node:fs';
import { join } from 'node:path';

const [dist, target] = process.argv.slice(2);
cpSync(dist, join(process.env.DESTDIR ?? '', target), { recursive: true });

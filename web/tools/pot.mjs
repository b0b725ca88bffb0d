// SPDX-License-Identifier: Apache-2.0
// Writes po/bowline-web.pot anew. Usage: pot.mjs SOURCE_DIR POT
import { writeFileSync } from 'node:fs';
import { extract, potText } from './extract.mjs';

const [source, pot] = process.argv.slice(2);
writeFileSync(pot, potText(extract(source)));

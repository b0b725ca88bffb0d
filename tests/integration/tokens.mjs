// SPDX-License-Identifier: Apache-2.0
// The tokens Tactical RMM makes of a login key.
import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';

const now = () => Math.floor(Date.now() / 1000);
const text64 = (bytes) => bytes.toString('base64').replaceAll('+', '@').replaceAll('/', '$');

/** A device's id as an address names it. */
export const hexOf = (id) => Buffer.from(id.split('/')[2].replaceAll('@', '+').replaceAll('$', '/'), 'base64').toString('hex').toUpperCase();

/** The token of Tactical's own calls. */
export function apiToken(secret, user) {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', secret.subarray(0, 32), iv);
  const sealed = Buffer.concat([cipher.update(`{"userid":"user//${user}", "domainid":"", "time":${now()}}`), cipher.final()]);
  return text64(Buffer.concat([iv, cipher.getAuthTag(), sealed]));
}

/** The token in the address of a window. */
export function loginToken(secret, user, { head = 'constant' } = {}) {
  const json = Buffer.from(`{"a":3, "u":"user//${user}","time":${now()}}`);
  const front = secret.subarray(0, 48);
  const heads = { constant: () => createHash('sha3-384').update(front).digest(),
    hmac: () => createHmac('sha384', front).update(json).digest(), random: () => randomBytes(48) };
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', secret.subarray(48), iv);
  return text64(Buffer.concat([iv, cipher.update(Buffer.concat([heads[head](), json])), cipher.final()]));
}

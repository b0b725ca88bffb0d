// SPDX-License-Identifier: Apache-2.0
// Messages of the control channel, as far as the page uses them. Everything
// from the wire is unknown until the store has looked at it.

export interface Message {
  action: string;
  responseid?: string;
  result?: string;
  [field: string]: unknown;
}

export interface ServerInfo {
  name?: string;
  port?: number;
  features?: number;
  serverTime?: number;
  [field: string]: unknown;
}

export interface UserInfo {
  _id: string;
  name: string;
  realname?: string;
  email?: string;
  siteadmin?: number;
  links?: Record<string, { rights?: number }>;
}

/** State of the channel, in the order it is usually gone through. */
export type ChannelState = 'connecting' | 'open' | 'waiting' | 'signed-out' | 'refused';

/** serverinfo.features: the certificate is not one that clients trust. */
export const FEATURE_UNTRUSTED = 0x80000000;

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
  emailVerified?: boolean;
  lang?: string;
  /** 1 when there is an authenticator app. */
  otpsecret?: number;
  /** Number of backup codes. */
  otpkeys?: number;
  /** Number of security keys. */
  otphkeys?: number;
  /** Rights that the account has nowhere, and restrictions it has everywhere. */
  removeRights?: number;
  /** Flags of devices and groups that rights come to through a user group. */
  notify?: Record<string, number>;
  links?: Record<string, { rights?: number; notify?: number }>;
}

/** State of the channel, in the order it is usually gone through. */
export type ChannelState = 'connecting' | 'open' | 'waiting' | 'signed-out' | 'refused';

/** serverinfo.features2: the session is one of a login token, which may not change the account. */
export const FEATURE2_TOKEN = 0x100;

/** serverinfo.features: the certificate is not one that clients trust. */
export const FEATURE_UNTRUSTED = 0x80000000;

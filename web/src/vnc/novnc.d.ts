// SPDX-License-Identifier: Apache-2.0
// The part of @novnc/novnc that is used here; the package has no types of its own.
declare module '@novnc/novnc' {
  export interface RfbCredentials { username?: string; password?: string; target?: string }
  export type RfbCredential = keyof RfbCredentials;

  export interface RfbEvents {
    connect: CustomEvent<object>;
    disconnect: CustomEvent<{ clean: boolean }>;
    credentialsrequired: CustomEvent<{ types: RfbCredential[] }>;
    securityfailure: CustomEvent<{ status: number; reason?: string }>;
    serververification: CustomEvent<{ type: string; publickey: Uint8Array<ArrayBuffer> }>;
    clipboard: CustomEvent<{ text: string }>;
    desktopname: CustomEvent<{ name: string }>;
  }

  export default class RFB {
    constructor(target: HTMLElement, channel: object, options?: { shared?: boolean; credentials?: RfbCredentials });
    viewOnly: boolean;
    scaleViewport: boolean;
    resizeSession: boolean;
    clipViewport: boolean;
    showDotCursor: boolean;
    qualityLevel: number;
    compressionLevel: number;
    background: string;
    addEventListener<K extends keyof RfbEvents>(name: K, listener: (event: RfbEvents[K]) => void): void;
    sendCredentials(credentials: RfbCredentials): void;
    approveServer(): void;
    sendCtrlAltDel(): void;
    clipboardPasteFrom(text: string): void;
    disconnect(): void;
    focus(): void;
    blur(): void;
  }
}

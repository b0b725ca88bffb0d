// SPDX-License-Identifier: Apache-2.0
// The parts of a device that are fetched when they are wanted.

export const loadDesktop = () => import('../desktop/DesktopTab');
export const loadTerminal = () => import('../terminal/TerminalTab');
export const loadFiles = () => import('../files/FilesTab');

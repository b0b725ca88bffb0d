// SPDX-License-Identifier: Apache-2.0
// What the agent's type number says about the system it runs on.

const WINDOWS_AGENTS = new Set([1, 2, 3, 4, 21, 22, 34, 42, 43]);

export function isWindows(agentId: number): boolean {
  return WINDOWS_AGENTS.has(agentId);
}

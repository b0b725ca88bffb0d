// SPDX-License-Identifier: Apache-2.0
// Those who have rights on a device or a group, as a list.
import { shortId, type Group } from '../store/model';

export interface Holder {
  /** user/… or ugrp/… */
  id: string;
  name: string;
  rights: number;
  isGroup: boolean;
}

export function listHolders(links: Group['links'], groupNames: ReadonlyMap<string, string>): Holder[] {
  const holders = Object.entries(links).filter(([id]) => id.startsWith('user/') || id.startsWith('ugrp/')).map(([id, link]) => {
    const isGroup = id.startsWith('ugrp/');
    return { id, isGroup, rights: link.rights >>> 0, name: (isGroup ? groupNames.get(id) : '') || link.name || shortId(id) };
  });
  return holders.sort((a, b) => Number(a.isGroup) - Number(b.isGroup) || a.name.localeCompare(b.name));
}

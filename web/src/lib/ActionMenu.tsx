// SPDX-License-Identifier: Apache-2.0
// A menu of actions behind one button.
import { useState, type ReactNode } from 'react';
import { KebabIcon } from './icons';
import { Divider, Dropdown, DropdownItem, DropdownList, MenuToggle, type MenuToggleElement } from './pf';

export interface MenuEntry {
  label: string;
  onClick: () => void;
  danger?: boolean;
  /** Why it cannot be chosen now; shown below its name. */
  unless?: string | null;
}

interface Props {
  /** Name of the button for screen readers, and its text where @text is given. */
  label: string;
  text?: string;
  icon?: ReactNode;
  /** Sections, parted by lines. Empty ones are left out. */
  sections: readonly (readonly (MenuEntry | false | null | undefined)[])[];
}

export function ActionMenu({ label, text, icon, sections }: Props) {
  const [open, setOpen] = useState(false);
  const filled = sections.map((s) => s.filter((e): e is MenuEntry => Boolean(e))).filter((s) => s.length > 0);
  if (filled.length === 0) return null;
  return (
    <Dropdown isOpen={open} onOpenChange={setOpen} onSelect={() => setOpen(false)} popperProps={{ position: 'end' }} isScrollable maxMenuHeight="70vh"
      toggle={(ref: React.Ref<MenuToggleElement>) => (
        <MenuToggle ref={ref} variant={text ? 'secondary' : 'plain'} isExpanded={open} onClick={() => setOpen(!open)}
          aria-label={text ? undefined : label} icon={text ? icon : icon ?? <KebabIcon />}>{text}</MenuToggle>
      )}>
      {filled.map((entries, i) => (
        <div key={i}>
          {i > 0 && <Divider />}
          <DropdownList>
            {entries.map((e) => (
              <DropdownItem key={e.label} isDanger={e.danger} isAriaDisabled={Boolean(e.unless)} description={e.unless ?? undefined} onClick={() => { if (!e.unless) e.onClick(); }}>
                {e.label}
              </DropdownItem>
            ))}
          </DropdownList>
        </div>
      ))}
    </Dropdown>
  );
}

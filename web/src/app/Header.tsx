// SPDX-License-Identifier: Apache-2.0
// Masthead: product, colours, account menu.
import { useState, useSyncExternalStore } from 'react';
import { _, chooseLanguage, currentLanguage } from '../lib/i18n';
import { MoonIcon, SunIcon, UserIcon } from '../lib/icons';
import { languageName } from '../lib/languages';
import {
  Button, Divider, Dropdown, DropdownGroup, DropdownItem, DropdownList, MenuToggle, type MenuToggleElement,
} from '../lib/pf';
import { isDark, onThemeChange, setTheme, themeChoice } from '../lib/theme';
import { useStore } from '../store/store';
import { PaletteButton } from './PaletteHost';
import { Link, navigate } from './router';
import { signOut } from './session';
import { showError } from './Toasts';

export function Header() {
  return (
    <header className="bl-masthead">
      <Link to="/" className="bl-brand" aria-label={_('Bowline, device list')}>
        <svg viewBox="0 0 32 32" className="brand-mark" aria-hidden="true">
          <path d="M9 27V14a7 7 0 1 1 7 7h-3" /><path d="M22 27c0-4-2-7-5-9" opacity=".75" />
        </svg>
        <span>Bowline</span>
      </Link>
      <span className="bl-grow" />
      <PaletteButton />
      <ThemeButton />
      <AccountMenu />
    </header>
  );
}

export function ThemeButton() {
  const dark = useSyncExternalStore(onThemeChange, isDark);
  const label = dark ? _('Use light colours') : _('Use dark colours');
  return (
    <Button variant="plain" aria-label={label} title={label} icon={dark ? <SunIcon /> : <MoonIcon />}
      onClick={() => setTheme(dark ? 'light' : 'dark')} />
  );
}

function AccountMenu() {
  const [open, setOpen] = useState(false);
  const user = useStore((s) => s.user);
  const theme = useSyncExternalStore(onThemeChange, themeChoice);
  const languages = ['en', ...Object.keys(window.bowline.catalogs)];
  const name = user?.realname || user?.name || _('Account');
  const leave = (everywhere: boolean) => signOut(everywhere).catch(() => showError(_('Signing out did not work: the server does not answer.')));
  return (
    <Dropdown
      isOpen={open} onOpenChange={setOpen} onSelect={() => setOpen(false)} popperProps={{ position: 'end' }}
      toggle={(ref: React.Ref<MenuToggleElement>) => (
        <MenuToggle ref={ref} variant="plainText" isExpanded={open} onClick={() => setOpen(!open)} icon={<UserIcon />} aria-label={_('Account: {name}', { name })}>
          <span className="bl-account-name">{name}</span>
        </MenuToggle>
      )}
    >
      <DropdownGroup label={_('Language')}>
        <DropdownList>
          {languages.map((lang) => (
            <DropdownItem key={lang} lang={lang} isSelected={lang === currentLanguage()} onClick={() => void chooseLanguage(lang).catch(() => showError(_('The language could not be loaded.')))}>
              {languageName(lang)}
            </DropdownItem>
          ))}
        </DropdownList>
      </DropdownGroup>
      {theme !== 'system' && (
        <DropdownList><DropdownItem onClick={() => setTheme('system')}>{_('Colours as the system has them')}</DropdownItem></DropdownList>
      )}
      <Divider />
      <DropdownList>
        <DropdownItem onClick={() => navigate('/account')}>{_('My account')}</DropdownItem>
        <DropdownItem onClick={() => void leave(false)}>{_('Sign out')}</DropdownItem>
        <DropdownItem onClick={() => void leave(true)}>{_('Sign out everywhere')}</DropdownItem>
      </DropdownList>
    </Dropdown>
  );
}

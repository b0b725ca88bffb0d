// SPDX-License-Identifier: Apache-2.0
// The frame around every view: header, navigation, connection banner.
import { Suspense, useEffect, useSyncExternalStore, type ReactNode } from 'react';
import { DevicePage } from '../device/DevicePage';
import { DevicesPage } from '../devices/DevicesPage';
import { GroupsPage } from '../groups/GroupsPage';
import { HIDE } from '../lib/embed';
import { _, C_, chooseLanguage, currentLanguage, hasChosenLanguage, onLanguageChange } from '../lib/i18n';
import { ComputerIcon, FolderIcon, GroupIcon, HistoryIcon, SettingsIcon } from '../lib/icons';
import { Busy } from '../lib/Loading';
import { mayOnSite, SITE } from '../lib/rights';
import { ErrorBoundary } from '../device/ErrorBoundary';
import { useStore } from '../store/store';
import { Banner } from './Banner';
import { noticeHelp } from './help';
import { AccountPage, AdminPage, EventsPage, GroupPage, ServerFilesPage } from './lazy';
import { Header } from './Header';
import { MissingPage } from './MissingPage';
import { OpeningPage } from './OpeningPage';
import { PaletteHost } from './PaletteHost';
import { Link, useRoute, type Route } from './router';
import { onMessage } from './session';
import { Toasts } from './Toasts';

/** The account's language, in a browser where nobody has chosen one. */
function useAccountLanguage(): void {
  const lang = useStore((s) => s.user?.lang);
  useEffect(() => {
    if (!lang || hasChosenLanguage()) return;
    const known = ['en', ...Object.keys(window.bowline.catalogs)].find((l) => l.toLowerCase() === lang.toLowerCase());
    if (known && known !== currentLanguage()) void chooseLanguage(known, { keep: false }).catch(() => undefined);
  }, [lang]);
}

export function App() {
  useAccountLanguage();
  const admin = useStore((s) => mayOnSite(s.user?.siteadmin, SITE.users | SITE.userGroups | SITE.backup | SITE.restore | SITE.update));
  const files = useStore((s) => mayOnSite(s.user?.siteadmin, SITE.files));
  const lang = useSyncExternalStore(onLanguageChange, currentLanguage);
  const route = useRoute();
  const { hide } = window.bowline.embed;
  useEffect(() => onMessage(noticeHelp), []);
  // With another language every text is another one: drawing anew is the simple way.
  return (
    <div className={hide & HIDE.rail ? 'bl-page bl-no-rail' : 'bl-page'} key={lang}>
      <a href="#main" className="bl-skip">{_('Skip to content')}</a>
      {!(hide & HIDE.header) && <Header />}
      {!(hide & HIDE.rail) && <nav className="bl-rail" aria-label={_('Main navigation')}>
        <RailLink to="/" active={route.view === 'devices' || route.view === 'device'} icon={<ComputerIcon />} label={_('Devices')} />
        <RailLink to="/groups" active={route.view === 'groups' || route.view === 'group'} icon={<GroupIcon />} label={_('Groups')} />
        <RailLink to="/events" active={route.view === 'events'} icon={<HistoryIcon />} label={_('Events')} />
        {files && <RailLink to="/files" active={route.view === 'files'} icon={<FolderIcon />} label={C_('navigation', 'Files')} />}
        {admin && <RailLink to="/admin" active={route.view === 'admin'} icon={<SettingsIcon />} label={C_('navigation', 'Admin')} />}
      </nav>}
      <main id="main" className="bl-main" tabIndex={-1}>
        <Banner />
        <ErrorBoundary key={route.view}><Suspense fallback={<Busy label={_('Loading')} />}><View route={route} /></Suspense></ErrorBoundary>
      </main>
      <PaletteHost />
      <Toasts />
    </div>
  );
}

function View({ route }: { route: Route }) {
  switch (route.view) {
    case 'devices': return <DevicesPage query={route.query} />;
    case 'opening': return <OpeningPage wanted={route.wanted} />;
    case 'groups': return <GroupsPage />;
    case 'group': return <GroupPage key={route.id} id={route.id} />;
    case 'events': return <EventsPage key={route.user} user={route.user} />;
    case 'account': return <AccountPage />;
    case 'files': return <ServerFilesPage />;
    case 'admin': return <AdminPage part={route.part} />;
    case 'device': return <DevicePage key={route.id} id={route.id} tab={route.tab} />;
    default: return <MissingPage />;
  }
}

function RailLink({ to, active, icon, label }: { to: string; active: boolean; icon: ReactNode; label: string }) {
  return <Link to={to} aria-current={active ? 'page' : undefined}>{icon}<span>{label}</span></Link>;
}

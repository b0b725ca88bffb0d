// SPDX-License-Identifier: Apache-2.0
// The frame around every view: header, navigation, connection banner.
import { useEffect, useSyncExternalStore, type ReactNode } from 'react';
import { DevicePage } from '../device/DevicePage';
import { DevicesPage } from '../devices/DevicesPage';
import { GroupsPage } from '../groups/GroupsPage';
import { HIDE } from '../lib/embed';
import { _, currentLanguage, onLanguageChange } from '../lib/i18n';
import { ComputerIcon, GroupIcon } from '../lib/icons';
import { Banner } from './Banner';
import { noticeHelp } from './help';
import { Header } from './Header';
import { MissingPage } from './MissingPage';
import { OpeningPage } from './OpeningPage';
import { Link, useRoute, type Route } from './router';
import { onMessage } from './session';
import { Toasts } from './Toasts';

export function App() {
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
        <RailLink to="/groups" active={route.view === 'groups'} icon={<GroupIcon />} label={_('Groups')} />
      </nav>}
      <main id="main" className="bl-main" tabIndex={-1}>
        <Banner />
        <View route={route} />
      </main>
      <Toasts />
    </div>
  );
}

function View({ route }: { route: Route }) {
  switch (route.view) {
    case 'devices': return <DevicesPage query={route.query} />;
    case 'opening': return <OpeningPage wanted={route.wanted} />;
    case 'groups': return <GroupsPage />;
    case 'device': return <DevicePage key={route.id} id={route.id} tab={route.tab} />;
    default: return <MissingPage />;
  }
}

function RailLink({ to, active, icon, label }: { to: string; active: boolean; icon: ReactNode; label: string }) {
  return <Link to={to} aria-current={active ? 'page' : undefined}>{icon}<span>{label}</span></Link>;
}

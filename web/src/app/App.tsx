// SPDX-License-Identifier: Apache-2.0
// The frame around every view: header, navigation, connection banner.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { DevicesPage } from '../devices/DevicesPage';
import { DevicePage } from '../device/DevicePage';
import { GroupsPage } from '../groups/GroupsPage';
import { _, currentLanguage, onLanguageChange } from '../lib/i18n';
import { Nav, NavItem, NavList, Page, PageSidebar, PageSidebarBody, SkipToContent } from '../lib/pf';
import { Banner } from './Banner';
import { Header } from './Header';
import { MissingPage } from './MissingPage';
import { follow, useRoute, type Route } from './router';
import { Toasts } from './Toasts';

const MAIN = 'main';

export function App() {
  const lang = useSyncExternalStore(onLanguageChange, currentLanguage);
  const route = useRoute();
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [route]);
  // With another language every text is another one: drawing anew is the simple way.
  return (
    <Page
      key={lang}
      masthead={<Header open={open} onToggle={() => setOpen(!open)} />}
      sidebar={<Sidebar route={route} open={open} />}
      skipToContent={<SkipToContent href={`#${MAIN}`}>{_('Skip to content')}</SkipToContent>}
      mainContainerId={MAIN}
      className="bl-page"
    >
      <Banner />
      <View route={route} />
      <Toasts />
    </Page>
  );
}

function View({ route }: { route: Route }) {
  switch (route.view) {
    case 'devices': return <DevicesPage query={route.query} />;
    case 'groups': return <GroupsPage />;
    case 'device': return <DevicePage key={route.id} id={route.id} tab={route.tab} />;
    default: return <MissingPage />;
  }
}

function Sidebar({ route, open }: { route: Route; open: boolean }) {
  return (
    <PageSidebar isSidebarOpen={open} className="bl-sidebar">
      <PageSidebarBody>
        <Nav aria-label={_('Main navigation')}>
          <NavList>
            <NavItem to="/" isActive={route.view === 'devices' || route.view === 'device'} onClick={follow as never}>{_('Devices')}</NavItem>
            <NavItem to="/groups" isActive={route.view === 'groups'} onClick={follow as never}>{_('Device groups')}</NavItem>
          </NavList>
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  );
}

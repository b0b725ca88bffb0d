// SPDX-License-Identifier: Apache-2.0
// All that is not on the way to the first paint and holds no session. It is one part: with many small ones, what they share
// would be cut into as many files, and the first page would have to fetch them all.
export { default as AccountPage } from '../account/AccountPage';
export { default as ActionDialog } from '../actions/ActionDialog';
export { default as AdminPage } from '../admin/AdminPage';
export { default as DeviceEvents } from '../events/DeviceEvents';
export { default as EventsPage } from '../events/EventsPage';
export { default as GroupPage } from '../groups/GroupPage';
export { default as Palette } from './Palette';
export { default as QrCode } from '../lib/QrCode';
export { default as ServerFilesPage } from '../serverfiles/ServerFilesPage';

// SPDX-License-Identifier: Apache-2.0
// The dialog of an action, for one device or for many.
import { store } from '../store/store';
import type { Device } from '../store/model';
import { AccessDialog } from './AccessDialog';
import { EditDialog, MoveDialog, RemoveDialog, TagsDialog } from './ChangeDialogs';
import { MessageDialog } from './MessageDialog';
import { PowerDialog } from './PowerDialog';
import { RunDialog } from './RunDialog';
import { ShareDialog } from './ShareDialog';
import { sortTargets, type ActionKind } from './targets';
import { WakeDialog } from './WakeDialog';

interface Props {
  kind: ActionKind;
  /** At least one. */
  devices: readonly Device[];
  onClose: () => void;
}

export default function ActionDialog({ kind, devices, onClose }: Props) {
  const device = devices[0]!;
  const targets = sortTargets(store.state, devices, kind);
  switch (kind) {
    case 'restart':
    case 'off':
    case 'sleep': return <PowerDialog kind={kind} targets={targets} onClose={onClose} />;
    case 'wake': return <WakeDialog targets={targets} onClose={onClose} />;
    case 'run': return <RunDialog targets={targets} onClose={onClose} />;
    case 'message': return <MessageDialog targets={targets} onClose={onClose} />;
    case 'move': return <MoveDialog targets={targets} onClose={onClose} />;
    case 'tags': return <TagsDialog targets={targets} onClose={onClose} />;
    case 'remove': return <RemoveDialog targets={targets} onClose={onClose} />;
    case 'edit': return <EditDialog device={device} onClose={onClose} />;
    case 'share': return <ShareDialog device={device} onClose={onClose} />;
    case 'access': return <AccessDialog device={device} onClose={onClose} />;
  }
}

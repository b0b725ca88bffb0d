// SPDX-License-Identifier: Apache-2.0
// Transfers with progress, rate and time left; questions are asked here, not in dialogs.
import { formatBytes, formatDuration } from '../lib/format';
import { _, ngettext } from '../lib/i18n';
import { CheckIcon, CloseIcon, DownloadIcon, UploadIcon } from '../lib/icons';
import { Button } from '../lib/pf';
import type { Transfer, TransferQueue } from './queue';
import { filesErrorText } from './useFiles';

const ACTIVE = new Set(['queued', 'checking', 'conflict', 'running', 'verifying']);
/** A dropped folder may hold thousands of files: the panel shows those that matter now. */
const SHOWN = 40;

export function QueuePanel({ transfers, queue }: { transfers: readonly Transfer[]; queue: TransferQueue }) {
  if (transfers.length === 0) return null;
  const active = transfers.filter((t) => ACTIVE.has(t.state));
  const rest = transfers.filter((t) => !ACTIVE.has(t.state)).reverse();
  const order = [...active.filter((t) => t.state !== 'queued'), ...active.filter((t) => t.state === 'queued'), ...rest].slice(0, SHOWN);
  return (
    <section className="bl-queue" aria-label={_('Transfers')}>
      <div className="bl-queue-head">
        <h2>{_('Transfers')}</h2>
        <span className="bl-soft" role="status">{active.length > 0 ? ngettext('{n} to go', '{n} to go', active.length) : _('all done')}</span>
        <span className="bl-grow" />
        {rest.length > 0 && <Button variant="link" size="sm" onClick={() => queue.clear()}>{_('Clear the finished')}</Button>}
      </div>
      <ul>{order.map((t) => <TransferRow key={t.id} transfer={t} queue={queue} />)}</ul>
    </section>
  );
}

function TransferRow({ transfer: t, queue }: { transfer: Transfer; queue: TransferQueue }) {
  const busy = t.state === 'running' || t.state === 'checking' || t.state === 'verifying';
  return (
    <li className={`bl-transfer bl-transfer-${t.state}`}>
      <span className="bl-transfer-icon">{t.state === 'done' ? <CheckIcon /> : t.kind === 'upload' ? <UploadIcon /> : <DownloadIcon />}</span>
      <span className="bl-transfer-name" title={t.path}>{t.name}</span>
      <span className="bl-soft bl-transfer-text">{transferText(t)}</span>
      {t.state === 'conflict' && (
        <>
          <Button variant="link" size="sm" onClick={() => queue.decide(t.id, true)}>{_('Replace')}</Button>
          <Button variant="link" size="sm" onClick={() => queue.decide(t.id, false)}>{_('Skip')}</Button>
        </>
      )}
      {t.state === 'failed' && t.kind === 'upload' && <Button variant="link" size="sm" onClick={() => queue.retry(t.id)}>{_('Try again')}</Button>}
      {ACTIVE.has(t.state) && <Button variant="plain" size="sm" icon={<CloseIcon />} aria-label={_('Cancel {name}', { name: t.name })} title={_('Cancel')} onClick={() => queue.cancel(t.id)} />}
      {busy && <progress max={Math.max(1, t.size ?? 0)} value={t.state === 'running' && t.size !== null ? t.done : undefined} aria-label={_('Progress of {name}', { name: t.name })} />}
    </li>
  );
}

function transferText(t: Transfer): string {
  switch (t.state) {
    case 'queued': return _('waiting');
    case 'checking': return _('looking at the destination…');
    case 'conflict': return _('exists already with other content');
    case 'running': return runningText(t);
    case 'verifying': return _('comparing with the device…');
    case 'done': return [formatBytes(t.done), t.resumed && _('continued'), t.verified && _('compared')].filter(Boolean).join(', ');
    case 'skipped': return _('skipped');
    case 'cancelled': return _('cancelled');
    case 'failed': return t.error ? filesErrorText(t.error) : _('failed');
  }
}

function runningText(t: Transfer): string {
  if (t.size === null) return t.rate > 0 ? _('{amount}, {rate}/s', { amount: formatBytes(t.done), rate: formatBytes(t.rate) }) : formatBytes(t.done);
  const amount = _('{done} of {size}', { done: formatBytes(t.done), size: formatBytes(t.size) });
  if (t.rate <= 0) return amount;
  const left = formatDuration((t.size - t.done) / t.rate);
  return _('{amount}, {rate}/s, {left} left', { amount, rate: formatBytes(t.rate), left });
}

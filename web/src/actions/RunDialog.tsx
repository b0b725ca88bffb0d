// SPDX-License-Identifier: Apache-2.0
// Runs a command and shows its output, on one device or on many.
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { Alert } from '../lib/Alert';
import { copyText } from '../lib/CopyField';
import { Help, SelectField } from '../lib/Fields';
import { _, ngettext } from '../lib/i18n';
import { Button, Form, FormGroup, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant, Spinner, TextArea } from '../lib/pf';
import { useStore } from '../store/store';
import { isPresetFor, readPresets } from './parse';
import { isWindows, runHistory, runOnDevices, type RunResult } from './run';
import { TargetNote, targetProblem } from './TargetNote';
import type { Targets } from './targets';

const COMMAND_LIMIT = 65_535;

export function RunDialog({ targets, onClose }: { targets: Targets; onClose: () => void }) {
  const id = useId();
  const [command, setCommand] = useState('');
  const [preset, setPreset] = useState('');
  const [type, setType] = useState('0');
  const [runAs, setRunAs] = useState('0');
  const [results, setResults] = useState<ReadonlyMap<string, RunResult>>(new Map());
  const [running, setRunning] = useState(false);
  const [problem, setProblem] = useState<string | null>(targetProblem(targets));
  const shown = useRef(true);
  useEffect(() => { shown.current = true; return () => { shown.current = false; }; }, []);
  const one = targets.ready.length === 1 ? targets.ready[0]! : null;
  const start = async () => {
    const missing = targetProblem(targets) ?? (preset || command.trim() ? null : _('Enter a command.'));
    setProblem(missing);
    if (missing || running) return;
    setRunning(true);
    setResults(new Map());
    await runOnDevices(targets.ready, command, { type: Number(type), runAs: Number(runAs), preset: preset ? Number(preset) : undefined }, (result) => {
      if (shown.current) setResults((old) => new Map(old).set(result.device.id, result));
    });
    if (shown.current) setRunning(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void start();
  };
  const history = runHistory();
  const told = useStore((s) => s.server?.['preConfiguredScripts']);
  const presets = readPresets(told).map((p, number) => ({ ...p, number })).filter((p) => isPresetFor(p, targets.ready));
  return (
    <Modal isOpen variant={ModalVariant.large} onEscapePress={onClose} aria-labelledby={`${id}-title`} position="top" positionOffset="6vh">
      <ModalHeader title={one ? _('Run a command on {name}', { name: one.name }) : ngettext('Run a command on {n} device', 'Run a command on {n} devices', targets.ready.length)} labelId={`${id}-title`} />
      <ModalBody>
        <Form onSubmit={(e) => { e.preventDefault(); void start(); }} noValidate>
          <TargetNote targets={targets} />
          {presets.length > 0 && (
            <SelectField id="run-preset" label={_('What to run')} value={preset} onChange={setPreset}
              options={[['', _('a command of my own')], ...presets.map((p) => [String(p.number), p.name] as const)]} />
          )}
          {!preset && (
            <>
              <FormGroup label={_('Command')} fieldId="run-command">
                <TextArea id="run-command" className="bl-code-input" value={command} onChange={(_event, v) => setCommand(v)} onKeyDown={onKeyDown} rows={3}
                  maxLength={COMMAND_LIMIT} resizeOrientation="vertical" autoFocus spellCheck={false} autoCapitalize="off" autoComplete="off" />
                <Help>{_('Several lines are one script. Ctrl+Enter runs it.')}</Help>
              </FormGroup>
              <div className="bl-fields">
                <SelectField id="run-type" label={_('Shell')} value={type} onChange={setType} options={shells(targets)} />
                <SelectField id="run-as" label={_('Run as')} value={runAs} onChange={setRunAs} options={[
                  ['0', _('the agent (administrator)')], ['1', _('the signed-in user, or the agent')], ['2', _('the signed-in user only')]]} />
                {history.length > 0 && (
                  <SelectField id="run-history" label={_('Earlier commands')} value="" onChange={(v) => { if (v) setCommand(history[Number(v)] ?? ''); }}
                    options={[['', _('choose…')], ...history.map((h, i) => [String(i), h.length > 60 ? `${h.slice(0, 60)}…` : h] as const)]} />
                )}
              </div>
            </>
          )}
          <div role="alert">{problem && <Alert isInline isPlain variant="danger" title={problem} />}</div>
        </Form>
        <Results results={[...results.values()]} running={running} />
      </ModalBody>
      <ModalFooter>
        <Button variant="primary" onClick={() => void start()} isDisabled={running} isLoading={running}>{running ? _('Running…') : _('Run')}</Button>
        <Button variant="link" onClick={onClose}>{_('Close')}</Button>
      </ModalFooter>
    </Modal>
  );
}

function shells(targets: Targets): (readonly [string, string])[] {
  const windows = targets.ready.some(isWindows);
  const others = targets.ready.some((d) => !isWindows(d));
  return [['0', _('the usual one')], ...(windows ? [['1', 'cmd.exe'], ['2', 'PowerShell']] as const : []), ...(others ? [['3', 'sh']] as const : [])];
}

function Results({ results, running }: { results: readonly RunResult[]; running: boolean }) {
  if (results.length === 0) return null;
  const done = results.filter((r) => r.state === 'done').length;
  const failed = results.filter((r) => r.state === 'failed').length;
  const summary = results.length === 1 ? '' : _('{done} of {total} have answered, {failed} could not.', { done, total: results.length, failed });
  return (
    <section className="bl-results" aria-label={_('Results')}>
      <p role="status" className={summary ? 'bl-soft' : 'bl-sr'}>{summary || (running ? _('Running…') : _('Finished.'))}</p>
      {results.map((r) => <Result key={r.device.id} result={r} single={results.length === 1} />)}
    </section>
  );
}

function Result({ result, single }: { result: RunResult; single: boolean }) {
  const { device, state, text } = result;
  if (single) return <Output result={result} />;
  return (
    <details className="bl-result" open={state === 'failed'}>
      <summary>
        <b>{device.name}</b> <span className={state === 'failed' ? 'bl-bad' : 'bl-soft'}>{stateWord(state)}</span>
        <span className="bl-first-line">{text.split('\n')[0]}</span>
      </summary>
      <Output result={result} />
    </details>
  );
}

function stateWord(state: RunResult['state']): string {
  switch (state) {
    case 'waiting': return _('waiting');
    case 'running': return _('running');
    case 'done': return _('answered');
    case 'failed': return _('failed');
  }
}

function Output({ result: { device, state, text } }: { result: RunResult }) {
  const pre = useRef<HTMLPreElement>(null);
  const [copied, setCopied] = useState(false);
  if (state === 'waiting' || state === 'running') return <p className="bl-soft bl-inline-icon"><Spinner size="md" aria-label={_('Running on {name}', { name: device.name })} /> {_('Waiting for the output…')}</p>;
  if (state === 'failed') return <Alert isInline variant="danger" title={text} />;
  if (!text) return <p className="bl-soft">{_('The command wrote nothing.')}</p>;
  return (
    <div className="bl-output">
      <pre ref={pre} tabIndex={0} aria-label={_('Output of {name}', { name: device.name })}>{text}</pre>
      <Button variant="link" isInline onClick={() => void copyText(text, pre.current).then(setCopied)}>{copied ? _('Copied') : _('Copy')}</Button>
    </div>
  );
}

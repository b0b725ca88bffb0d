// SPDX-License-Identifier: Apache-2.0
// A dialog with a form: Enter submits, an error stays beside the fields, and
// what was typed is kept.
import { useId, useState, type FormEvent, type ReactNode } from 'react';
import { errorText } from './words';
import { _ } from './i18n';
import { Alert } from './Alert';
import { Button, Form, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant } from './pf';

interface Props {
  title: string;
  action: string;
  danger?: boolean;
  /** What is missing, in words; the form can be submitted when it is null. */
  problem: string | null;
  onSubmit: () => Promise<void>;
  onClose: () => void;
  /** Room for more than a few fields. */
  wide?: boolean;
  children: ReactNode;
}

export function FormDialog({ title, action, danger, problem, onSubmit, onClose, wide, children }: Props) {
  const id = useId();
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    if (problem) { setError(problem); return; }
    setBusy(true);
    setError(null);
    try {
      await onSubmit();
      onClose();
    } catch (e) {
      setError(errorText(e));
      setBusy(false);
    }
  };
  return (
    <Modal isOpen variant={wide ? ModalVariant.medium : ModalVariant.small} onEscapePress={onClose} aria-labelledby={`${id}-title`} position="top" positionOffset="10vh">
      <ModalHeader title={title} labelId={`${id}-title`} titleIconVariant={danger ? 'warning' : undefined} />
      <ModalBody>
        <Form id={id} onSubmit={(e) => void submit(e)} noValidate>
          {children}
          <div role="alert">{error && <Alert isInline isPlain variant="danger" title={error} />}</div>
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form={id} variant={danger ? 'danger' : 'primary'} isLoading={busy} isDisabled={busy}>{action}</Button>
        <Button variant="link" onClick={onClose}>{_('Cancel')}</Button>
      </ModalFooter>
    </Modal>
  );
}

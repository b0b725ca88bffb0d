// SPDX-License-Identifier: Apache-2.0
// Form fields as the dialogs use them: label, control, and a line of help.
import type { ReactNode } from 'react';
import { Checkbox, FormGroup, FormHelperText, HelperText, HelperTextItem, TextInput } from './pf';

export function Help({ children }: { children: ReactNode }) {
  return <FormHelperText><HelperText><HelperTextItem>{children}</HelperTextItem></HelperText></FormHelperText>;
}

interface TextFieldProps {
  id: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: string;
  type?: 'text' | 'password' | 'email' | 'number' | 'url' | 'datetime-local';
  required?: boolean;
  autoFocus?: boolean;
  autoComplete?: string;
  maxLength?: number;
  inputMode?: 'numeric';
  list?: string;
}

export function TextField({ id, label, value, onChange, help, required, ...rest }: TextFieldProps) {
  return (
    <FormGroup label={label} fieldId={id} isRequired={required}>
      <TextInput id={id} value={value} onChange={(_event, v) => onChange(v)} autoComplete="off" {...rest} />
      {help && <Help>{help}</Help>}
    </FormGroup>
  );
}

interface SelectFieldProps<T extends string> {
  id: string;
  label: string;
  value: T;
  onChange: (value: T) => void;
  options: readonly (readonly [T, string])[];
  help?: string;
}

export function SelectField<T extends string>({ id, label, value, onChange, options, help }: SelectFieldProps<T>) {
  return (
    <FormGroup label={label} fieldId={id}>
      <select id={id} className="bl-select" value={value} onChange={(e) => onChange(e.target.value as T)}>
        {options.map(([v, text]) => <option key={v} value={v}>{text}</option>)}
      </select>
      {help && <Help>{help}</Help>}
    </FormGroup>
  );
}

interface CheckFieldProps {
  id: string;
  label: string;
  checked: boolean;
  onChange: (on: boolean) => void;
  help?: string;
  disabled?: boolean;
}

export function CheckField({ id, label, checked, onChange, help, disabled }: CheckFieldProps) {
  return <Checkbox id={id} label={label} isChecked={checked} isDisabled={disabled} description={help} onChange={(_event, on) => onChange(on)} />;
}

/** Fields that belong together, with a name that screen readers tell. */
export function FieldSet({ label, children }: { label: string; children: ReactNode }) {
  return <fieldset className="bl-fieldset"><legend>{label}</legend>{children}</fieldset>;
}

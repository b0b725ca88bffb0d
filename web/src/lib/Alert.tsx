// SPDX-License-Identifier: Apache-2.0
// PatternFly's alert with the words for screen readers in the user's language.
import { Alert as PlainAlert, type AlertProps } from '@patternfly/react-core/dist/dynamic/components/Alert';
import { _ } from './i18n';

export function Alert(props: AlertProps) {
  return <PlainAlert {...props} variantLabel={label(props.variant)} />;
}

function label(variant: AlertProps['variant']): string {
  switch (variant) {
    case 'danger': return _('Error:');
    case 'warning': return _('Warning:');
    case 'success': return _('Done:');
    default: return _('Note:');
  }
}

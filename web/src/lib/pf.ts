// SPDX-License-Identifier: Apache-2.0
// The parts of PatternFly that the page uses. Importing each from its own
// directory keeps everything else out of the bundle.
export { AlertActionCloseButton, AlertActionLink, AlertGroup } from '@patternfly/react-core/dist/dynamic/components/Alert';
export { Button } from '@patternfly/react-core/dist/dynamic/components/Button';
export { Checkbox } from '@patternfly/react-core/dist/dynamic/components/Checkbox';
export { Divider } from '@patternfly/react-core/dist/dynamic/components/Divider';
export { Dropdown, DropdownGroup, DropdownItem, DropdownList } from '@patternfly/react-core/dist/dynamic/components/Dropdown';
export { EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter } from '@patternfly/react-core/dist/dynamic/components/EmptyState';
export { Form, FormGroup, FormHelperText } from '@patternfly/react-core/dist/dynamic/components/Form';
export { HelperText, HelperTextItem } from '@patternfly/react-core/dist/dynamic/components/HelperText';
export { MenuToggle, type MenuToggleElement } from '@patternfly/react-core/dist/dynamic/components/MenuToggle';
export { Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant } from '@patternfly/react-core/dist/dynamic/components/Modal';
export { Spinner } from '@patternfly/react-core/dist/dynamic/components/Spinner';
export { TextArea } from '@patternfly/react-core/dist/dynamic/components/TextArea';
export { TextInput } from '@patternfly/react-core/dist/dynamic/components/TextInput';

// SPDX-License-Identifier: Apache-2.0
// What the server answers, in the user's language. Unknown answers stay as they are: better the server's words than none.
import { RequestError } from '../control/client';
import { _ } from './i18n';

/** @result: the "result" of an answer that is not "ok". */
export function serverWords(result: string): string {
  switch (result.toLowerCase().replace(/\.$/, '')) {
    case 'permission denied':
    case 'access denied':
    case 'denied': return _('Your account does not have the right to do this.');
    case 'agent not connected':
    case 'unable to route': return _('The device is not connected.');
    case 'invalid nodeid':
    case 'invalid node id':
    case 'invalid device id':
    case 'device not found': return _('The device does not exist, or you may not see it.');
    case 'invalid group id':
    case 'invalid groupid':
    case 'unknown device group': return _('The device group does not exist, or you may not see it.');
    case 'device already in correct group': return _('The device is in that group already.');
    case 'device groups are of different types': return _('Devices of this kind cannot be in that group.');
    case 'no network information for this device':
    case 'no known mac addresses for this device': return _('The hardware address of the device is not known.');
    case 'invalid username': return _('This user name is not possible. It may hold no blanks and no “/”.');
    case 'invalid password': return _('This password is not possible.');
    case 'invalid email': return _('This is not a mail address.');
    case 'user already exists': return _('An account with this name exists already.');
    case 'user does not exists': return _('This account does not exist.');
    case 'another account uses this email address': return _('Another account uses this mail address.');
    case 'settings are locked': return _('The settings of this account are locked.');
    case 'invalid rights': return _('These rights cannot be given on a single device.');
    case "can't change self": return _('You cannot change your own rights.');
    case "can't remove self": return _('You cannot take your own rights away.');
    case 'invalid command type': return _('This device has no such shell.');
    case 'invalid preset command': return _('The server no longer has this command. Load the page again.');
    case 'nothing done': return _('There is no such account.');
    case 'too many login tokens': return _('There are too many login tokens. Remove some first.');
    case 'too many device shares': return _('There are too many guest links. Remove some first.');
    case 'unsupported feature': return _('This server has no means to do this.');
    default: return result;
  }
}

/** @error in words, for a person. */
export function errorText(error: unknown): string {
  if (error instanceof RequestError) {
    switch (error.kind) {
      case 'offline': return _('There is no connection to the server.');
      case 'timeout': return _('The server did not answer in time.');
      case 'refused': return serverWords(error.message);
    }
  }
  return error instanceof Error ? error.message : String(error);
}

// SPDX-License-Identifier: Apache-2.0
// Numbers and times in the user's language.
import { _, localeTag, ngettext } from './i18n';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Bytes in decimal units, three digits. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return '';
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toLocaleString(localeTag(), { maximumFractionDigits: digits })} ${UNITS[unit]}`;
}

/** Memory sizes are known by their binary units. */
export function formatMemory(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes <= 0) return '';
  const gib = bytes / 2 ** 30;
  const value = gib >= 1 ? gib : bytes / 2 ** 20;
  return `${value.toLocaleString(localeTag(), { maximumFractionDigits: value >= 10 ? 0 : 1 })} ${gib >= 1 ? 'GiB' : 'MiB'}`;
}

/** @time: milliseconds since 1970. */
export function formatTime(time: number): string {
  return new Date(time).toLocaleString(localeTag(), { dateStyle: 'medium', timeStyle: 'short' });
}

/** The time of day of a message that has just come. */
export function formatClock(time: number): string {
  return new Date(time).toLocaleTimeString(localeTag(), { timeStyle: 'short' });
}

/** "3 minutes ago"; days and more become a date. */
export function formatAgo(time: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - time) / 1000));
  if (seconds < 60) return _('just now');
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return ngettext('{n} minute ago', '{n} minutes ago', minutes);
  const hours = Math.round(minutes / 60);
  if (hours < 24) return ngettext('{n} hour ago', '{n} hours ago', hours);
  const days = Math.round(hours / 24);
  if (days < 14) return ngettext('{n} day ago', '{n} days ago', days);
  return new Date(time).toLocaleDateString(localeTag(), { dateStyle: 'medium' });
}

/** Time left, rounded to what matters. */
export function formatDuration(seconds: number): string {
  if (seconds < 90) return ngettext('{n} second', '{n} seconds', Math.max(1, Math.round(seconds)));
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return ngettext('{n} minute', '{n} minutes', minutes);
  return ngettext('{n} hour', '{n} hours', Math.round(minutes / 60));
}

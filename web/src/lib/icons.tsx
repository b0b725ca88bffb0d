// SPDX-License-Identifier: Apache-2.0
// Bowline's icons: 16×16 outlines drawn with the colour of the text.
import type { ReactNode } from 'react';

function icon(children: ReactNode, label?: string) {
  return (
    <svg className="bl-icon" viewBox="0 0 16 16" width="1em" height="1em" fill="none" stroke="currentColor" strokeWidth="1.5"
      strokeLinecap="round" strokeLinejoin="round" role={label ? 'img' : undefined} aria-label={label} aria-hidden={label ? undefined : true}>
      {children}
    </svg>
  );
}

export const TerminalIcon = () => icon(<><rect x="1.5" y="2.5" width="13" height="11" rx="1.5" /><path d="m4.5 6 2 2-2 2M8.5 10.5h3" /></>);
export const FolderIcon = () => icon(<path d="M1.5 12V4A1.5 1.5 0 0 1 3 2.5h3l1.5 2H13A1.5 1.5 0 0 1 14.5 6v6a1.5 1.5 0 0 1-1.5 1.5H3A1.5 1.5 0 0 1 1.5 12Z" />);
export const FileIcon = () => icon(<path d="M4 1.5h5l3.5 3.5v8A1.5 1.5 0 0 1 11 14.5H4A1.5 1.5 0 0 1 2.5 13V3A1.5 1.5 0 0 1 4 1.5ZM9 1.5V5h3.5" />);
export const DriveIcon = () => icon(<><rect x="1.5" y="8.5" width="13" height="5" rx="1.5" /><path d="m2 8.5 1.8-5a1.5 1.5 0 0 1 1.4-1h5.6a1.5 1.5 0 0 1 1.4 1l1.8 5M11.5 11h.01" /></>);
export const ComputerIcon = () => icon(<><rect x="1.5" y="2" width="13" height="9" rx="1.5" /><path d="M8 11v3M5 14h6" /></>);
export const SearchIcon = () => icon(<><circle cx="7" cy="7" r="4.5" /><path d="m10.5 10.5 4 4" /></>);
export const PlusIcon = () => icon(<path d="M8 2.5v11M2.5 8h11" />);
export const CloseIcon = () => icon(<path d="m3.5 3.5 9 9m0-9-9 9" />);
export const CopyIcon = () => icon(<><rect x="5.5" y="5.5" width="9" height="9" rx="1.5" /><path d="M10.5 5.5V3A1.5 1.5 0 0 0 9 1.5H3A1.5 1.5 0 0 0 1.5 3v6A1.5 1.5 0 0 0 3 10.5h2.5" /></>);
export const CheckIcon = () => icon(<path d="m2.5 8.5 3.5 3.5 7.5-8" />);
export const ChevronIcon = () => icon(<path d="m6 3.5 4.5 4.5L6 12.5" />);
export const ArrowUpIcon = () => icon(<path d="M8 13.5v-11m-4.5 4.5L8 2.5 12.5 7" />);
export const KebabIcon = () => icon(<path d="M8 3h.01M8 8h.01M8 13h.01" strokeWidth="2.5" />);
export const EditIcon = () => icon(<path d="m9.5 3.5 3 3M2.5 13.5l.7-3.2 7.9-7.9a1.1 1.1 0 0 1 1.5 0l1 1a1.1 1.1 0 0 1 0 1.5l-7.900 7.900-3.200.7Z" />);
export const TrashIcon = () => icon(<path d="M2 4h12M5.5 4V2.5h5V4M3.5 4l.7 9.5h7.600l.7-9.5M6.5 7v4M9.5 7v4" />);
export const ArchiveIcon = () => icon(<path d="M1.500 2.500h13v3h-13ZM2.500 5.500v7a1 1 0 0 0 1 1h9a1 1 0 0 0 1-1v-7M6.500 8.500h3" />);
export const UploadIcon = () => icon(<path d="M8 10.5v-8M4.5 5.5 8 2l3.5 3.5M2 11v2a1 1 0 0 0 1 1h10a1 1 0 0 0 1-1v-2" />);
export const DownloadIcon = () => icon(<path d="M8 2v8M4.5 7 8 10.5 11.5 7M2 11v2a1 1 0 0 0 1 1h10a1 1 0 0 0 1-1v-2" />);
export const RefreshIcon = () => icon(<path d="M13.5 8a5.5 5.5 0 1 1-1.600-3.900L13.5 5.700M13.5 2v3.700H9.800" />);
export const UserIcon = () => icon(<><circle cx="8" cy="5" r="3" /><path d="M2.5 14c0-3 2.5-4.5 5.5-4.5s5.5 1.5 5.5 4.5" /></>);
export const SunIcon = () => icon(<><circle cx="8" cy="8" r="3" /><path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1" /></>);
export const MoonIcon = () => icon(<path d="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7Z" />);
export const GroupIcon = () => icon(<><rect x="1.5" y="1.5" width="7.5" height="6" rx="1" /><rect x="7" y="8.5" width="7.5" height="6" rx="1" /><path d="M3.5 7.5v3.5H7" /></>);
export const FitIcon = () => icon(<><rect x="1.5" y="3" width="13" height="10" rx="1.5" /><path d="M4.5 8h7M6 6.500 4.500 8 6 9.500M10 6.500 11.500 8 10 9.500" /></>);
export const FullScreenIcon = () => icon(<path d="M2 5.500V2h3.500M10.500 2H14v3.500M14 10.500V14h-3.500M5.500 14H2v-3.500" />);
export const KeyboardIcon = () => icon(<><rect x="1" y="3.500" width="14" height="9" rx="1.500" /><path d="M4 6.500h.01M6.700 6.500h.01M9.300 6.500h.01M12 6.500h.01M5 9.500h6" /></>);
export const ClipboardIcon = () => icon(<><path d="M5.500 2.500h-2A1 1 0 0 0 2.500 3.500v10a1 1 0 0 0 1 1h9a1 1 0 0 0 1-1v-10a1 1 0 0 0-1-1h-2" /><rect x="5.500" y="1.500" width="5" height="2.500" rx=".7" /></>);
export const EyeIcon = () => icon(<><path d="M1.500 8S4 3.500 8 3.500 14.500 8 14.500 8 12 12.500 8 12.500 1.500 8 1.500 8Z" /><circle cx="8" cy="8" r="2" /></>);
export const GaugeIcon = () => icon(<path d="M2.500 12a6.500 6.500 0 1 1 11 0M8 9.500l2.500-3.500" />);
export const MouseIcon = () => icon(<><rect x="4" y="1.500" width="8" height="13" rx="4" /><path d="M8 1.500v5h4" /></>);
export const HistoryIcon = () => icon(<><circle cx="8" cy="8" r="6.500" /><path d="M8 4.500V8l2.500 1.500" /></>);
export const SettingsIcon = () => icon(<><path d="M2 4.500h6M12 4.500h2M2 11.500h2M8 11.500h6" /><circle cx="10" cy="4.500" r="2" /><circle cx="6" cy="11.500" r="2" /></>);

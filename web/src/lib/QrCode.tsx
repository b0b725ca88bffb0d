// SPDX-License-Identifier: Apache-2.0
// A text as a picture that a phone reads. Black on white in either theme, since not every camera reads the opposite.
import { qrPath } from './qr';

export default function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = qrPath(text);
  return (
    <svg className="bl-qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <rect width={size} height={size} fill="#fff" /><path d={path} fill="#000" />
    </svg>
  );
}

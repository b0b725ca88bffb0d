// SPDX-License-Identifier: Apache-2.0
// The picture: as large as the room allows, or pixel for pixel.
import { useEffect, useRef, useState, type ReactNode, type RefObject } from 'react';
import { _ } from '../lib/i18n';
import { attachInput } from './input';
import type { Desktop } from './session';

/** fit: all of it; real: one pixel of the device on one of this screen; a number: CSS pixels for each of the device's. */
export type Zoom = 'fit' | 'real' | number;

const MOST_ZOOM = 4;

/** Cursor shapes of the protocol, by number. */
const CURSORS = ['default', 'progress', 'crosshair', 'pointer', 'help', 'text', 'no-drop', 'move', 'nesw-resize', 'ns-resize', 'nwse-resize', 'ew-resize',
  'alias', 'wait', 'none', 'not-allowed', 'col-resize', 'row-resize', 'copy', 'zoom-in', 'zoom-out'];

interface Props {
  canvas: RefObject<HTMLCanvasElement | null>;
  field: RefObject<HTMLTextAreaElement | null>;
  session: RefObject<Desktop | null>;
  name: string;
  width: number;
  height: number;
  zoom: Zoom;
  onZoom: (zoom: Zoom) => void;
  cursor: number;
  viewOnly: boolean;
  onLocalKey: (code: string) => boolean;
  takeRightClick: () => boolean;
  onFocus: (inside: boolean) => void;
  /** Lies over the picture. */
  children?: ReactNode;
}

function useRoom(host: RefObject<HTMLDivElement | null>): [number, number] {
  const [room, setRoom] = useState<[number, number]>([0, 0]);
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      // Hidden, it has no size; the last one is still right.
      if (host.current!.clientWidth > 0) setRoom([host.current!.offsetWidth, host.current!.offsetHeight]);
    });
    observer.observe(host.current!);
    return () => observer.disconnect();
  }, [host]);
  return room;
}

export function Stage(props: Props) {
  const { canvas, field, session, width, height, zoom, cursor, viewOnly } = props;
  const host = useRef<HTMLDivElement>(null);
  const [roomX, roomY] = useRoom(host);
  const fit = width > 0 && height > 0 && roomX > 0 ? Math.min(roomX / width, roomY / height) : 1;
  const scale = zoom === 'fit' ? fit : zoom === 'real' ? 1 / devicePixelRatio : zoom;
  const live = useRef({ ...props, scale, fit });
  useEffect(() => { live.current = { ...props, scale, fit }; });

  useEffect(() => {
    return attachInput({
      picture: canvas.current!, field: field.current!, scroller: host.current!,
      get keyboard() { return session.current!.keyboard; },
      get pointer() { return session.current!.pointer; },
      size: () => [live.current.width, live.current.height],
      onLocalKey: (code) => live.current.onLocalKey(code),
      takeRightClick: () => live.current.takeRightClick(),
      onZoom: (ratio) => {
        const next = Math.min(MOST_ZOOM, live.current.scale * ratio);
        live.current.onZoom(next <= live.current.fit * 1.01 ? 'fit' : next);
      },
    });
  }, [canvas, field, session]);

  useEffect(() => {
    const style = canvas.current!.style;
    style.width = width ? `${width * scale}px` : '';
    style.height = width ? `${height * scale}px` : '';
    style.cursor = viewOnly ? 'default' : CURSORS[cursor] ?? 'default';
    // Enlarged by whole steps, pixels stay sharp.
    style.imageRendering = Number.isInteger(scale * devicePixelRatio) && scale * devicePixelRatio >= 1 ? 'pixelated' : 'auto';
  }, [canvas, width, height, scale, cursor, viewOnly]);

  return (
    <div className="bl-stage">
      <div ref={host} className={zoom === 'fit' ? 'bl-stage-room' : 'bl-stage-room bl-stage-scroll'}>
        <textarea ref={field} className="bl-stage-field" aria-label={_('Keyboard of {name}', { name: props.name })} title={_('Ctrl-Alt-Shift-M leaves the picture')}
          autoCapitalize="off" autoComplete="off" autoCorrect="off" spellCheck={false} rows={1} readOnly={viewOnly}
          onFocus={() => props.onFocus(true)} onBlur={() => props.onFocus(false)} />
        <canvas ref={canvas} width={1} height={1} className={width ? 'bl-canvas' : 'bl-canvas bl-canvas-empty'} role="img" aria-label={_('Screen of {name}', { name: props.name })} />
      </div>
      {props.children}
    </div>
  );
}

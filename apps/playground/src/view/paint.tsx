import { useRef, useState } from "preact/hooks";
import { mostPoints, type Point } from "../data/points.ts";
import { className, reach } from "../model/run.ts";
import { settings, tell } from "../state.ts";
import { brush, ownPoints, setPoints } from "./own-points.ts";
import { palette } from "./palette.ts";
import { toPixels } from "./surface.tsx";

/** Pixels between the points of a stroke. */
const gap = 11;
const keyStep = 0.2;

/** Lies over the surface, and takes the strokes of a mouse, a finger, or the keyboard. */
export function Paint() {
  const ref = useRef<HTMLDivElement>(null);
  const stroke = useRef<Point[]>([]);
  const last = useRef<{ x: number; y: number } | null>(null);
  const [drawn, setDrawn] = useState<readonly Point[]>([]);
  const [cursor, setCursor] = useState<{ x: number; y: number } | null>(null);
  const [said, setSaid] = useState("");
  const name = className(settings.value.train.names, brush.value);
  const paintable = () => {
    const { classes, points } = ownPoints();
    return classes > 0 || points.length === 0;
  };
  const add = (event: PointerEvent) => {
    const box = ref.current!.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    if (x < 0 || y < 0 || x > box.width || y > box.height) return;
    if (last.current !== null && Math.hypot(x - last.current.x, y - last.current.y) < gap) return;
    last.current = { x, y };
    const point = {
      x: (x / box.width) * 2 * reach - reach,
      y: reach - (y / box.height) * 2 * reach,
      target: brush.value,
    };
    stroke.current = [...stroke.current, point];
    setDrawn(stroke.current);
  };
  const keep = (added: readonly Point[]) => {
    const { classes, points } = ownPoints();
    const all = [...points, ...added];
    if (all.length > mostPoints)
      tell(`There is room for ${mostPoints} points: the address of the page has to hold them.`);
    setPoints({ classes: Math.max(2, classes, brush.value + 1), points: all.slice(0, mostPoints) });
  };
  const finish = () => {
    if (stroke.current.length > 0) keep(stroke.current);
    stroke.current = [];
    last.current = null;
    setDrawn([]);
  };
  const press = (event: KeyboardEvent) => {
    const at = cursor ?? { x: 0, y: 0 };
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [
      0, 0,
    ];
    const puts = event.key === " " || event.key === "Enter";
    if (!puts && dx === 0 && dy === 0) return;
    event.preventDefault();
    const bound = (value: number) => Math.max(-reach, Math.min(reach - 0.01, value));
    const next = { x: bound(at.x + keyStep * dx!), y: bound(at.y + keyStep * dy!) };
    setCursor(next);
    if (puts && paintable()) keep([{ ...next, target: brush.value }]);
    setSaid(`${puts ? `${name} at` : ""} ${next.x.toFixed(1)}, ${next.y.toFixed(1)}`);
  };
  const color = palette().classColor(brush.value);
  const percent = (value: number) => `${toPixels(value, 100)}%`;
  return (
    <div
      ref={ref}
      class="paint"
      role="application"
      aria-label={`Plane to paint points of ${name} on: arrows move the brush, Space puts a point`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is painted on with the keyboard
      tabIndex={0}
      onPointerDown={(event) => {
        if (!paintable() || event.button !== 0) return;
        ref.current!.setPointerCapture(event.pointerId);
        setCursor(null);
        add(event);
      }}
      onPointerMove={(event) => {
        if (last.current !== null) add(event);
      }}
      onPointerUp={finish}
      onPointerCancel={finish}
      onKeyDown={press}
      onBlur={() => setCursor(null)}
    >
      {drawn.map((point, i) => (
        <i key={i} style={{ left: percent(point.x), top: percent(-point.y), background: color }} />
      ))}
      {cursor !== null && <b style={{ left: percent(cursor.x), top: percent(-cursor.y), borderColor: color }} />}
      <span class="visually-hidden" aria-live="polite">
        {said}
      </span>
    </div>
  );
}

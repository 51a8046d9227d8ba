import { signal } from "@preact/signals";
import { type PointSet, packPoints, unpackPoints } from "../data/points.ts";
import type { Run } from "../model/run.ts";
import { changeTrain, settings } from "../state.ts";
import type { DrawnPoints } from "../worker/protocol.ts";

/* Points of the user's own, and what they were before. */

/** The class that is painted. */
export const brush = signal(0);
/** Points as a run has them. */
type Points = Pick<Run, "own" | "names">;

/** What the points were before each change, the last one last. */
export const history = signal<readonly Points[]>([]);

const mostUndone = 50;

/** The points as they are. */
export function ownPoints(): PointSet {
  return unpackPoints(settings.value.train.own) ?? { classes: 2, points: [] };
}

/** The points in a text as the page draws them. */
export function drawnOwnPoints(packed: string): DrawnPoints | null {
  const set = unpackPoints(packed);
  if (set === null) return null;
  return {
    places: Float32Array.from(set.points.flatMap(({ x, y }) => [x, y])),
    targets: Float32Array.from(set.points, ({ target }) => target),
    regression: set.classes === 0,
    trained: set.points.length,
  };
}

/** Takes other points, so that it can be undone. */
export function takePoints(patch: Pick<Run, "own"> & Partial<Run>): void {
  const { own, names } = settings.value.train;
  history.value = [...history.value.slice(1 - mostUndone), { own, names }];
  changeTrain(patch);
}

/** Takes points that were painted, or none. */
export function setPoints(set: PointSet): void {
  takePoints(set.points.length === 0 ? { own: "", names: [] } : { own: packPoints(set) });
}

/** Back to the points before the last change. */
export function undo(): void {
  const before = history.value.at(-1);
  if (before === undefined) return;
  history.value = history.value.slice(0, -1);
  changeTrain(before);
}

import { buildForward, buildScene } from "./build.ts";
import type { Recording } from "./recording.ts";
import type { Scene } from "./scene.ts";

const mostScenes = 12;

/** A scene for each of the last walks backwards, the last one at the end; the way forward where there was none. */
export function scenesOf(recording: Recording): Scene[] {
  const { walks, ops } = recording;
  if (walks.length === 0) return ops.length === 0 ? [] : [buildForward(recording, "The way forward")];
  const shown = walks.slice(-mostScenes);
  const scenes = shown.map((walk, i) => {
    const number = walks.length - shown.length + i + 1;
    return buildScene(recording, walk, `Derivative ${number} of ${walks.length}`);
  });
  // A walk that found no way back has nothing to draw.
  const drawn = scenes.filter(({ nodes }) => nodes.length > 0);
  return drawn.length > 0 || ops.length === 0 ? drawn : [buildForward(recording, "The way forward")];
}

/** The scene that tells most: the last one in which variables were updated, else the last. */
export function mainScene(scenes: readonly Scene[]): number {
  const updating = scenes.findLastIndex(({ updates }) => updates.length > 0);
  return updating >= 0 ? updating : scenes.length - 1;
}

import * as gt from "gradtape";
import type { DigitImages } from "../worker/examples.ts";
import { sceneOfRun } from "./run-scene.ts";
import type { RunOrder, RunProgress, RunReport } from "./wire.ts";

/* The worker: it makes the step that the page wants to look into. */

// The numbers of the training, to the last bit.
gt.strictNumerics(true);

const scope = self as unknown as {
  postMessage(message: RunReport | RunProgress): void;
  onmessage: ((event: MessageEvent<RunOrder>) => void) | null;
};

/** Milliseconds between two messages on progress. */
const millisecondsBetween = 150;

let images: DigitImages | null = null;

scope.onmessage = async ({ data: { id, run, step, changes } }) => {
  try {
    if (run.data === "digits" && images === null) images = await (await import("../worker/images.ts")).loadDigits();
    let next = performance.now() + millisecondsBetween;
    const report = (made: number) => {
      // The clock is read at every 64th step only.
      if (made % 64 !== 0 || performance.now() < next) return;
      next = performance.now() + millisecondsBetween;
      scope.postMessage({ id, made });
    };
    scope.postMessage({ id, scene: sceneOfRun(run, step, changes, images, report), problem: null });
  } catch (error) {
    scope.postMessage({ id, scene: null, problem: error instanceof Error ? error.message : String(error) });
  }
};

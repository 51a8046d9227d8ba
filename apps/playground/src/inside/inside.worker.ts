import * as gt from "gradtape";
import type { DigitImages } from "../worker/examples.ts";
import { sceneOfRun } from "./run-scene.ts";
import type { RunOrder, RunReport } from "./wire.ts";

/* The worker: it makes the step that the page wants to look into. */

// The numbers of the training, to the last bit.
gt.strictNumerics(true);

const scope = self as unknown as {
  postMessage(message: RunReport): void;
  onmessage: ((event: MessageEvent<RunOrder>) => void) | null;
};

let images: DigitImages | null = null;

scope.onmessage = async ({ data: { id, run, step, changes } }) => {
  try {
    if (run.data === "digits" && images === null) images = await (await import("../worker/images.ts")).loadDigits();
    scope.postMessage({ id, scene: sceneOfRun(run, step, changes, images), problem: null });
  } catch (error) {
    scope.postMessage({ id, scene: null, problem: error instanceof Error ? error.message : String(error) });
  }
};

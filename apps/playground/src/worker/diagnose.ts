import * as gt from "gradtape";
import type { Checkpoint, Learner } from "./learner.ts";

/** What went wrong, and in which step. */
export interface Diagnosis {
  readonly step: number;
  readonly reason: string;
}

// The place in the bundled script tells nobody anything.
const withoutPlace = (message: string) => message.replace(/,? (?:built )?at \S*:\d+:\d+/g, "");

/**
 * Goes back to a state that is kept and makes the same steps again, this time op by op under the library's eyes, until it
 * says which op first gave something else than numbers.
 */
export function diagnose(learner: Learner, kept: Checkpoint): Diagnosis {
  const end = learner.step;
  try {
    learner.replay(kept, () => gt.checkNumericsIn(() => learner.advanceEagerly()));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { step: learner.step, reason: withoutPlace(message) };
  }
  return { step: end, reason: "The loss is not a finite number any more." };
}

import type { Change } from "../model/program.ts";
import type { Run } from "../model/run.ts";
import type { Scene } from "./scene.ts";

/* What this part of the page and its workers tell each other. */

/** A step of a run is wanted. */
export interface RunOrder {
  readonly id: number;
  readonly run: Run;
  /** Steps made before the one that is shown. */
  readonly step: number;
  readonly changes: readonly Change[];
}

/** What came of it. */
export interface RunReport {
  readonly id: number;
  readonly scene: Scene | null;
  readonly problem: string | null;
}

/** The steps of a run that are done. */
export interface RunProgress {
  readonly id: number;
  readonly made: number;
}

/** What went wrong in a program. */
export interface ProgramProblem {
  readonly message: string;
  /** Line of the program, where known. */
  readonly line: number | null;
}

/** The time limit of a program in seconds, counted from the moment at which the library is loaded. */
export const mostSeconds = 5;
/** Lines that a program may print, and letters in each. */
export const mostLines = 200;
export const mostLineLetters = 2000;

/** What a program did. */
export interface ProgramReport {
  readonly scenes: readonly Scene[];
  /** The explanations of gradients that are `null`. */
  readonly explanations: readonly string[];
  readonly problem: ProgramProblem | null;
}

/** From the worker that runs a program. */
export type StageMessage =
  | { readonly type: "begun" }
  | { readonly type: "printed"; readonly text: string }
  | ({ readonly type: "done" } & ProgramReport);

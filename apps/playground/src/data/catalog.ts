import type { DataKind, Question, Run } from "../model/run.ts";
import { unpackPoints } from "./points.ts";

/** A dataset in words. */
export interface DataEntry {
  readonly kind: DataKind;
  readonly title: string;
  readonly about: string;
}

export const dataEntries: readonly DataEntry[] = [
  { kind: "circle", title: "Circle", about: "a disc and a ring around it" },
  { kind: "xor", title: "Xor", about: "four squares, opposite ones alike" },
  { kind: "gauss", title: "Gauss", about: "two clouds" },
  { kind: "spirals", title: "Spirals", about: "two arms around each other" },
  { kind: "plane", title: "Plane", about: "regression: a slope" },
  { kind: "hills", title: "Hills", about: "regression: hills and hollows" },
  { kind: "digits", title: "Digits", about: "1,797 handwritten digits of 8 by 8 pixels" },
  { kind: "words", title: "Words", about: "an embedding of 40 words, some of them rare" },
  { kind: "own", title: "Your own", about: "paint points, or drop a CSV file" },
];

/** What a run's data ask. */
export function questionOf(run: Pick<Run, "data" | "own">): Question {
  switch (run.data) {
    case "plane":
    case "hills":
      return { task: "regression", classes: 1 };
    case "digits":
      return { task: "classes", classes: 10 };
    case "own": {
      const classes = unpackPoints(run.own)?.classes ?? 2;
      if (classes === 0) return { task: "regression", classes: 1 };
      return { task: classes === 2 ? "two classes" : "classes", classes };
    }
    default:
      return { task: "two classes", classes: 2 };
  }
}

export const digitCount = 1797;

/** How many examples a run has. */
export function exampleCount(run: Run): number {
  if (run.data === "own") return unpackPoints(run.own)?.points.length ?? 0;
  return run.data === "digits" ? Math.min(run.count, digitCount) : run.count;
}

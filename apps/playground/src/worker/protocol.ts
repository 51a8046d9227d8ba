import type { Run } from "../model/run.ts";
import type { Metrics } from "./learner.ts";

/* What the page and its worker tell each other. */

/** Bytes that can be handed over without a copy. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** From the page. */
export type Order =
  /** Begin anew with these runs, side by side. `pictures`: neurons and weights are wanted too. */
  | { readonly type: "build"; readonly build: number; readonly runs: readonly Run[]; readonly pictures: boolean }
  | { readonly type: "run"; readonly stepsPerSecond: number }
  | { readonly type: "pause" }
  | { readonly type: "step" }
  /** A number of an optimizer that a run goes on with. */
  | { readonly type: "hyper"; readonly lane: number; readonly name: string; readonly value: number }
  /** The page can draw again: send what there is to see. */
  | { readonly type: "frame" }
  /** Go back to a step that is kept. */
  | { readonly type: "back" }
  | { readonly type: "weights"; readonly lane: number };

/** A point as the page draws it. */
export interface DrawnPoints {
  /** x, y, x, y … */
  readonly places: Float32Array<ArrayBuffer>;
  /** Classes, or numbers for a regression. */
  readonly targets: Float32Array<ArrayBuffer>;
  readonly regression: boolean;
  /** How many of the first ones are trained on. */
  readonly trained: number;
}

/** Images of digits, for those that are shown: 64 bytes each. */
export interface DrawnDigits {
  readonly images: Bytes;
  readonly labels: Bytes;
}

/** The values of one slot over all weights. */
export interface SlotHistogram {
  readonly name: string;
  readonly counts: Uint32Array<ArrayBuffer>;
  readonly least: number;
  readonly most: number;
  /** Bins are powers of ten. */
  readonly log: boolean;
}

/** What there is to see of one run. */
export interface LaneView {
  readonly metrics: Metrics;
  /** `surfaceSize` squared values of the output, as indices of colours. */
  readonly surface: Bytes | null;
  /** The hidden neurons, layer by layer, `neuronSize` squared each. */
  readonly neurons: Bytes | null;
  /** Kernel and bias of each layer. */
  readonly weights: readonly Float32Array<ArrayBuffer>[] | null;
  readonly slots: readonly SlotHistogram[] | null;
  /** Rows of the table of words as points. */
  readonly table: Float32Array<ArrayBuffer> | null;
  /** The chosen class of each digit that is shown. */
  readonly guesses: Bytes | null;
}

/** One point of the loss curves: `[train, test]` of each run. */
export interface CurvePoint {
  readonly step: number;
  readonly losses: readonly (readonly [number, number])[];
}

/** What can be seen after a step. */
export interface Snapshot {
  readonly type: "snapshot";
  readonly build: number;
  readonly step: number;
  readonly epochSteps: number;
  readonly stepsPerSecond: number;
  readonly running: boolean;
  readonly lanes: readonly LaneView[];
  readonly curve: readonly CurvePoint[];
}

/** From the worker. */
export type Report =
  | {
      readonly type: "built";
      readonly build: number;
      readonly points: DrawnPoints | null;
      readonly digits: DrawnDigits | null;
      readonly parameters: number;
      /** Whether WebAssembly's vectors are there. */
      readonly simd: boolean;
    }
  | Snapshot
  /** A loss is no number any more. */
  | {
      readonly type: "diverged";
      readonly build: number;
      readonly lane: number;
      readonly step: number;
      readonly reason: string;
      /** The step that can be gone back to. */
      readonly kept: number;
    }
  /** A number of an optimizer has changed behind this step. */
  | {
      readonly type: "changed";
      readonly build: number;
      readonly step: number;
      readonly lane: number;
      readonly name: string;
      readonly value: number;
    }
  | { readonly type: "failed"; readonly build: number; readonly message: string }
  | { readonly type: "weights"; readonly bytes: Bytes };

/** Points along each side of a picture. */
export const surfaceSize = 100;
export const neuronSize = 36;
/** Digits that are shown. */
export const shownDigits = 60;

/** Colours of a class from faint to strong, in an index of a colour. */
export const shades = 25;

import { questionOf } from "../data/catalog.ts";
import { featureNames, inputWidth, outputWidth, type Run } from "../model/run.ts";

/* Where the nodes of a network stand. */

export const nodeSize = 38;
const rowGap = 12;
const headHeight = 64;
const margin = 6;

/** A node: its centre, and whether lines lead to it. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** The picture of a network: columns of places, the inputs first, the outputs last. */
export interface Geometry {
  readonly width: number;
  readonly height: number;
  /** Top of the columns' own buttons. */
  readonly columns: readonly (readonly Place[])[];
  /** Which input row carries each number that enters: all of them the one image, for digits. */
  readonly entering: readonly Place[];
}

/** CSS pixels for the name of a class; a longer one is cut. */
export const nameWidth = 64;

const hasNames = (run: Run) => run.data === "own" && run.names.length > 0;

/** What stands in the column of inputs. */
export function inputRows(run: Run): number {
  if (run.data === "digits") return 1;
  return run.data === "words" ? inputWidth(run) : featureNames.length;
}

/** Places for a network in a picture of this width; at least as wide as its columns need. */
export function layOut(run: Run, available: number): Geometry {
  const outputs = outputWidth(questionOf(run));
  const rows = [inputRows(run), ...run.layers, outputs];
  const most = Math.max(...rows, 4);
  const pitch = Math.min(nodeSize + rowGap, Math.max(nodeSize + 4, 460 / most));
  const width = Math.max(available, 70 * rows.length + 44);
  const height = headHeight + most * pitch + margin;
  const left = margin + nodeSize / 2 + 34;
  // Names of classes need more room than their numbers.
  const right = width - margin - nodeSize / 2 - (hasNames(run) ? nameWidth : 22);
  const columns = rows.map((count, column) => {
    const x = left + ((right - left) * column) / (rows.length - 1);
    const top = headHeight + ((most - count) * pitch) / 2;
    return Array.from({ length: count }, (_, i) => ({ x, y: top + (i + 0.5) * pitch }));
  });
  const first = columns[0]!;
  const entering =
    run.data === "digits" || run.data === "words"
      ? first
      : run.features.map((name) => first[featureNames.indexOf(name)]!);
  return { width, height, columns, entering };
}

/** The style that puts a node at its place. */
export const placed = (x: number, y: number) => ({ left: `${x - nodeSize / 2}px`, top: `${y - nodeSize / 2}px` });

import { reach } from "../model/run.ts";
import { mostClasses, mostPoints, type Point, type PointSet, pointsProblem } from "./points.ts";

/* Tables as points: two columns say where, a third says what. */

/** A table as it was read: some of its rows, evenly drawn, where there are many. */
export interface Table {
  readonly file: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Number of each row in the file, counted from 1. */
  readonly numbers: readonly number[];
  /** Rows in the file, without the header. */
  readonly total: number;
}

/** Which columns are used. */
export interface Choice {
  readonly x: number;
  readonly y: number;
  readonly target: number;
}

/** Points with what is to be said about them, or why there are none. */
export type Reading = { readonly set: PointSet; readonly notes: readonly string[] } | { readonly problem: string };

const plain = new Intl.NumberFormat("en");

/** The number in a cell; NaN where there is none. */
export function numberIn(cell: string | undefined): number {
  const text = cell?.trim() ?? "";
  const value = text === "" ? Number.NaN : Number(text.replace(/^(-?\d+),(\d+)$/, "$1.$2"));
  return Number.isFinite(value) ? value : Number.NaN;
}

/** Makes a table of rows; their first is a header if it holds words where the next rows hold numbers. */
export function makeTable(
  file: string,
  rows: readonly (readonly string[])[],
  numbers: readonly number[],
  total: number,
): Table {
  const [first = [], ...others] = rows;
  const isHeader = first.some(
    (cell, i) => Number.isNaN(numberIn(cell)) && others.slice(0, 20).some((row) => !Number.isNaN(numberIn(row[i]))),
  );
  const width = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const columns = Array.from({ length: width }, (_, i) => (isHeader && first[i]?.trim()) || `column ${i + 1}`);
  return isHeader
    ? { file, columns, rows: others, numbers: numbers.slice(1), total: total - 1 }
    : { file, columns, rows, numbers, total };
}

function isNumeric({ rows }: Table, column: number): boolean {
  const cells = rows.map((row) => row[column]).filter((cell) => cell?.trim());
  return cells.filter((cell) => !Number.isNaN(numberIn(cell))).length > cells.length / 2;
}

const distinct = ({ rows }: Table, column: number) =>
  new Set(rows.map((row) => row[column]?.trim() ?? "").filter((cell) => cell !== ""));

/** The columns that are most likely meant, or why none can be. */
export function guessColumns(table: Table): Choice | { readonly problem: string } {
  const { columns, file, rows } = table;
  if (rows.length === 0) return { problem: `${file} has no rows.` };
  const all = columns.map((_, i) => i);
  const numeric = all.filter((i) => isNumeric(table, i));
  const named = /^(class|label|target|species|kind|type|y|z)$/i;
  const fewValues = (i: number) => distinct(table, i).size <= mostClasses;
  const target =
    all.findLast((i) => named.test(columns[i]!) && (numeric.length > 2 || !numeric.includes(i))) ??
    all.findLast((i) => !numeric.includes(i) && fewValues(i)) ??
    all.at(-1)!;
  const [x, y] = numeric.filter((i) => i !== target);
  if (x === undefined || y === undefined) {
    const found = numeric.length === 0 ? "none" : `only ${numeric.map((i) => `“${columns[i]}”`).join(" and ")}`;
    return {
      problem: `${file}: two columns of numbers are needed for the plane and one more for the class; of ${columns.length} columns ${found} can be used.`,
    };
  }
  return { x, y, target };
}

interface Row {
  readonly x: number;
  readonly y: number;
  readonly target: string;
}

/** The points that the chosen columns give. Rows with gaps are left out, and told. */
export function readPoints(table: Table, choice: Choice): Reading {
  const { columns, file, numbers, total } = table;
  const rows: Row[] = [];
  const faults: string[] = [];
  for (const [i, row] of table.rows.entries()) {
    const [x, y, target] = [numberIn(row[choice.x]), numberIn(row[choice.y]), row[choice.target]?.trim() ?? ""];
    const fault = Number.isNaN(x) ? choice.x : Number.isNaN(y) ? choice.y : target === "" ? choice.target : -1;
    if (fault < 0) rows.push({ x, y, target });
    else faults.push(`row ${plain.format(numbers[i]!)}, “${columns[fault]}”: ${showCell(row[fault])}`);
  }
  const left =
    faults.length === 0
      ? ""
      : `${plain.format(faults.length)} of ${plain.format(table.rows.length)} rows have gaps (${faults.slice(0, 3).join("; ")}${faults.length > 3 ? "; …" : ""})`;
  if (rows.length < 4) {
    const usable = `only ${rows.length} of ${plain.format(table.rows.length)} rows can be used, at least 4 are needed`;
    return { problem: `${file}: ${usable}${left === "" ? "" : `; ${left}`}.` };
  }
  const kept = evenly(rows, mostPoints);
  const read = readTargets(kept, columns[choice.target]!, file);
  if ("problem" in read) return read;
  const { classes, targets, about } = read;
  const [place, height] = [scaler(kept.map(({ x }) => x)), scaler(kept.map(({ y }) => y))];
  const points = kept.map(({ x, y }, i): Point => ({ x: place(x), y: height(y), target: targets[i]! }));
  const set = { classes, points };
  const problem = pointsProblem(set);
  if (problem !== null) return { problem: `${file}: ${problem}` };
  const size =
    total > kept.length + faults.length
      ? `${plain.format(kept.length)} of ${plain.format(total)} rows, evenly drawn`
      : `${plain.format(kept.length)} rows`;
  const notes = [`${file}: ${size}; “${columns[choice.x]}” and “${columns[choice.y]}” span the plane, ${about}.`];
  if (left !== "") notes.push(`${file}: ${left}; they are left out.`);
  return { set, notes };
}

const showCell = (cell: string | undefined) => (cell?.trim() ? `“${cell.trim().slice(0, 20)}”` : "empty");

function evenly<T>(values: readonly T[], most: number): readonly T[] {
  if (values.length <= most) return values;
  // Not every nth: rows may alternate.
  const at = (i: number) => Math.floor(((i + ((i * 0.618034) % 1)) * values.length) / most);
  return Array.from({ length: most }, (_, i) => values[at(i)]!);
}

function readTargets(
  rows: readonly Row[],
  column: string,
  file: string,
): { classes: number; targets: number[]; about: string } | { problem: string } {
  const names = [...new Set(rows.map(({ target }) => target))].sort(
    (a, b) => numberIn(a) - numberIn(b) || (a < b ? -1 : 1),
  );
  if (names.length <= mostClasses) {
    const targets = rows.map(({ target }) => names.indexOf(target));
    return {
      classes: Math.max(2, names.length),
      targets,
      about: `the classes of “${column}” are ${names.map((name, i) => `${i} ${name}`).join(", ")}`,
    };
  }
  const values = rows.map(({ target }) => numberIn(target));
  if (values.some(Number.isNaN)) {
    return {
      problem: `${file}: “${column}” holds ${names.length} different words, and at most ${mostClasses} classes can be told apart. Choose another column for the class.`,
    };
  }
  const scale = scaler(values);
  return {
    classes: 0,
    targets: values.map((value) => scale(value) / reach),
    about: `“${column}” is the number to be learned`,
  };
}

/** Brings a range of values into the plane. */
function scaler(values: readonly number[]): (value: number) => number {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  const [middle, half] = [(least + most) / 2, (most - least) / 2 || 1];
  return (value) => (0.88 * reach * (value - middle)) / half;
}

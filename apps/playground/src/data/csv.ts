import { reach } from "../model/run.ts";
import { type Column, clean, isGap, numberIn } from "./column.ts";
import { type Choice, holdsClasses } from "./guess.ts";
import { lengthOf } from "./layout.ts";
import { mostClasses, mostPoints, type Point, type PointSet, pointsProblem } from "./points.ts";
import { evenly, type Problem, type Table } from "./table.ts";

/* Tables as points: two columns say where, a third says what. */

/** Points with what is to be said about them, or why there are none. */
export type Reading =
  | { readonly set: PointSet; readonly names: readonly string[]; readonly notes: readonly string[] }
  | Problem;

const plain = new Intl.NumberFormat("en");

interface Row {
  readonly x: number;
  readonly y: number;
  /** The cell of the target. */
  readonly text: string;
}

/** The values of the target: classes by their names, or numbers. */
interface Targets {
  readonly classes: number;
  readonly names: readonly string[];
  readonly rows: readonly Row[];
  readonly targets: readonly number[];
  readonly about: string;
  readonly notes: readonly string[];
}

/** The points that the chosen columns give. Rows with gaps are left out and reported. */
export function readPoints(table: Table, choice: Choice): Reading {
  const { file, rows: given, total } = table;
  const chosen = [choice.x, choice.y, choice.target].map((i) => table.columns[i]);
  if (!chosen.every((column) => column !== undefined)) return { problem: `${file}: there is no such column.` };
  const [across, up, target] = chosen as [Column, Column, Column];
  const unfit = [across, up].find(({ kind }) => kind !== "number" && kind !== "flag");
  if (unfit !== undefined) return { problem: `${file}: ${unfitText(unfit, firstCell(table, unfit))}.` };
  const { rows, faults } = readRows(table, choice, [across, up, target]);
  const left =
    faults.length === 0
      ? ""
      : `${plain.format(faults.length)} of ${plain.format(given.length)} rows have gaps (${faults.slice(0, 3).join("; ")}${faults.length > 3 ? "; …" : ""})`;
  if (rows.length < 4) {
    const usable = `only ${rows.length} of ${plain.format(given.length)} rows can be used, at least 4 are needed`;
    return { problem: `${file}: ${usable}${left === "" ? "" : `; ${left}`}.` };
  }
  const read = readTargets(rows, target, file);
  if ("problem" in read) return read;
  const { classes, names, about } = read;
  const kept = evenly([...read.rows.keys()], mostPoints);
  const places = kept.map((i) => read.rows[i]!);
  const [place, height] = [scaler(places.map(({ x }) => x)), scaler(places.map(({ y }) => y))];
  const targets = kept.map((i) => read.targets[i]!);
  const number = classes === 0 ? scaler(targets) : null;
  const points = places.map(({ x, y }, i): Point => {
    const value = targets[i]!;
    return { x: place(x), y: height(y), target: number === null ? value : number(value) / reach };
  });
  const set = { classes, points };
  const problem = pointsProblem(set);
  if (problem !== null) return { problem: `${file}: ${problem}` };
  const dropped = rows.length - read.rows.length;
  const size =
    total > kept.length + faults.length + dropped
      ? `${plain.format(kept.length)} of ${plain.format(total)} rows, evenly drawn`
      : `${plain.format(kept.length)} rows`;
  const notes = [
    `${size}; “${across.name}” and “${up.name}” span the plane, ${about}.`,
    left === "" ? "" : `${left}; they are left out.`,
    ...read.notes,
    ...new Set([across, up, target].map((column) => notationText(column, table))),
    ...[...new Set([across, up])].map(axisText),
    indexText(table, choice),
    table.notes.length === 0 ? "" : `${table.notes.join("; ")}.`,
  ];
  return { set, names, notes: notes.filter(Boolean).map((note) => `${file}: ${note}`) };
}

/** The rows that have all three cells, and what is wrong with the others. */
function readRows(
  { rows: given, numbers, columns }: Table,
  choice: Choice,
  [across, up, target]: readonly [Column, Column, Column],
): { readonly rows: readonly Row[]; readonly faults: readonly string[] } {
  const rows: Row[] = [];
  const faults: string[] = [];
  for (const [i, row] of given.entries()) {
    const [x, y, text] = [numberIn(row[choice.x], across), numberIn(row[choice.y], up), clean(row[choice.target])];
    const isTarget = target.kind === "number" ? !Number.isNaN(numberIn(text, target)) : !isGap(text);
    const fault = Number.isNaN(x) ? choice.x : Number.isNaN(y) ? choice.y : isTarget ? -1 : choice.target;
    const length = lengthOf(row);
    // A cell too many or too few moves the others to wrong columns.
    if (length > columns.length || row.length < columns.length) {
      faults.push(
        `row ${plain.format(numbers[i]!)}: ${Math.min(row.length, length)} cells instead of ${columns.length}`,
      );
    } else if (fault < 0) rows.push({ x, y, text });
    else faults.push(`row ${plain.format(numbers[i]!)}, “${columns[fault]!.name}”: ${showCell(row[fault])}`);
  }
  return { rows, faults };
}

const showCell = (cell: string | undefined) => (cell?.trim() ? `“${cell.trim().slice(0, 20)}”` : "empty");

/** A cell of a column that holds something. */
function firstCell({ rows, columns }: Table, column: Column, test = (text: string) => !isGap(text)): string {
  const i = columns.indexOf(column);
  return clean(rows.find((row) => test(clean(row[i])))?.[i]).slice(0, 30);
}

function unfitText({ name, kind }: Column, cell: string): string {
  const held = { date: "dates or times", words: "words", nothing: "nothing" }[kind as "date" | "words" | "nothing"];
  const shown = kind === "nothing" ? "" : `, as in “${cell}”`;
  return `“${name}” holds ${held}${shown}; the plane needs numbers. Choose another column`;
}

/** The note on how the numbers of a column were read, when that is not plain. */
function notationText(column: Column, table: Table): string {
  const { name, kind, decimal, unit } = column;
  if (kind !== "number") return "";
  const numberOf = (text: string) => numberIn(text, { decimal, unit, kind });
  const grouped = (text: string) => /\d[.,'’\u00a0\u202f ]\d/.test(text) && numberOf(text) !== Number(text);
  const odd = firstCell(table, column, (text) => grouped(text) && !Number.isNaN(numberOf(text)));
  const read = odd === "" ? "" : `“${odd}” is read as ${numberOf(odd)}`;
  const beside = unit === "" ? "" : `its numbers are in “${unit}”`;
  return read === "" && beside === "" ? "" : `“${name}”: ${[read, beside].filter(Boolean).join(", ")}.`;
}

function axisText({ name, kind, isIndex, distinct }: Column): string {
  if (kind === "flag") return `“${name}”: true and yes are 1, false and no are 0.`;
  if (distinct < 2) return `“${name}” has the same value in all rows.`;
  return isIndex ? `“${name}” only numbers or names the rows: choose another column if there is one.` : "";
}

/** The columns that only number the rows, where they are not used. */
function indexText({ columns }: Table, { x, y, target }: Choice): string {
  const unused = columns.filter(({ isIndex }, i) => isIndex && ![x, y, target].includes(i));
  if (unused.length === 0) return "";
  const names = unused.slice(0, 3).map(({ name }) => `“${name}”`);
  return `${names.join(", ")} only ${unused.length === 1 ? "numbers or names" : "number or name"} the rows and ${unused.length === 1 ? "is" : "are"} not used.`;
}

function readTargets(rows: readonly Row[], column: Column, file: string): Targets | Problem {
  const { name } = column;
  const value = ({ text }: Row) => numberIn(text, column);
  // 1 and 1.0 are one class.
  const nameOf = (row: Row) => (column.kind === "number" ? String(value(row)) : row.text);
  if (!holdsClasses(column, rows.map(nameOf))) {
    const about = `“${name}” is the number to be learned`;
    return { classes: 0, names: [], rows, targets: rows.map(value), about, notes: [] };
  }
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(nameOf(row), (counts.get(nameOf(row)) ?? 0) + 1);
  if (counts.size > mostClasses && counts.size > rows.length / 4) {
    const held = column.kind === "date" ? "dates or times" : "words";
    return {
      problem: `${file}: “${name}” holds ${plain.format(counts.size)} different ${held}, and at most ${mostClasses} classes can be told apart. Choose another column for the class.`,
    };
  }
  const frequent = [...counts].sort((a, b) => b[1] - a[1] || compare(a[0], b[0])).slice(0, mostClasses);
  const names = frequent.map(([each]) => each).sort(compare);
  const kept = rows.filter((row) => names.includes(nameOf(row)));
  const about = `the classes of “${name}” are ${names.map((each, i) => `${i} ${each}`).join(", ")}`;
  const note = `“${name}” has ${plain.format(counts.size)} classes; the ${mostClasses} most frequent are kept, ${plain.format(rows.length - kept.length)} rows of the others are left out.`;
  return {
    ...{ classes: Math.max(2, names.length), names, rows: kept, about },
    targets: kept.map((row) => names.indexOf(nameOf(row))),
    notes: counts.size > mostClasses ? [note] : [],
  };
}

const compare = (a: string, b: string) => Number(a) - Number(b) || (a < b ? -1 : a > b ? 1 : 0);

/** Brings a range of values into the plane. */
function scaler(values: readonly number[]): (value: number) => number {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  const [middle, half] = [least / 2 + most / 2, most / 2 - least / 2 || 1];
  return (value) => (0.88 * reach * (value - middle)) / half;
}

import Papa from "papaparse";
import { clean, isGap, isNumber } from "./column.ts";

/* The arrangement of rows and columns in a file, found from its first rows. */

/** The form of a file. */
export interface Layout {
  /** The separator of two cells; a blank means any number of blanks and tabs. */
  readonly delimiter: string;
  /** The text that begins a comment line, or `""`. */
  readonly comment: string;
  /** Letters before the first row. */
  readonly start: number;
  /** Rows above the rows of data: a title, the header. */
  readonly skipped: number;
  /** Names of the columns, or `null`. */
  readonly header: readonly string[] | null;
  /** Cells in a row. */
  readonly width: number;
}

/** Rows of cells. */
export type Rows = readonly (readonly string[])[];

const delimiters: Readonly<Record<string, string>> = {
  ",": "commas",
  ";": "semicolons",
  "\t": "tabs",
  "|": "bars",
  " ": "blanks",
};

/** The separator of the cells, in words. */
export const delimiterName = (delimiter: string) => delimiters[delimiter] ?? `“${delimiter}”`;

const sampleRows = 300;

/** The rows in a text, and what is left of it. The last line belongs to the rows only where the text is `complete`. */
export function cutRows(
  text: string,
  { delimiter, comment }: Pick<Layout, "delimiter" | "comment">,
  complete: boolean,
  preview = 0,
): { rows: string[][]; rest: string; openQuote: boolean } {
  const config = { newline: "\n" as const, preview, comments: comment || (false as const) };
  if (delimiter === " ") {
    const end = complete ? text.length : text.lastIndexOf("\n") + 1;
    const { data } = new Papa.Parser({ ...config, delimiter: "\t" }).parse(joinBlanks(text.slice(0, end)), 0, false);
    return { rows: filled(data), rest: text.slice(end), openQuote: false };
  }
  const { data, meta, errors } = new Papa.Parser({ ...config, delimiter }).parse(text, 0, !complete);
  const openQuote = errors.some(({ code }: { code: string }) => code === "MissingQuotes");
  return { rows: filled(data), rest: complete ? "" : text.slice(meta.cursor), openQuote };
}

const filled = (rows: string[][]) => rows.filter((row) => row.some((cell) => cell.trim() !== ""));

/** Makes one tab of all blanks between two cells; those in quotes stay. */
const joinBlanks = (text: string) =>
  text.replace(/^[ \t]+|[ \t]+$/gm, "").replace(/("[^"\n]*")|[ \t]+/g, (_, quoted?: string) => quoted ?? "\t");

/** The form of a file, or the problem with it. */
export function findLayout(text: string, complete: boolean): Layout | { readonly problem: string } {
  const [line = "", named] = /^"?sep=(.)"?[ \t]*\n/i.exec(text) ?? [];
  const start = line.length;
  const body = text.slice(start);
  const comment = commentOf(body);
  const guesses = (named === undefined ? Object.keys(delimiters) : [named])
    .map((delimiter) => {
      const { rows } = cutRows(body, { delimiter, comment }, complete, sampleRows);
      return { delimiter, rows, width: widthOf(rows), score: score(rows, delimiter) };
    })
    .sort((a, b) => b.score - a.score);
  const { delimiter, rows, width } = guesses[0]!;
  if (width < 2) {
    const first = body.split("\n").find((each) => each.trim() !== "" && (comment === "" || !each.startsWith(comment)));
    if (first === undefined) return { problem: "has no rows" };
    const known = Object.values(delimiters).join(", ");
    return {
      problem: `has no separator that is known (${known}) between its columns; its first line is “${first.slice(0, 60)}”`,
    };
  }
  const form = { delimiter, comment, start, width };
  // Above the table may stand a title.
  const begin = Math.max(
    0,
    rows.findIndex((row) => row.length >= width && held(row) > Math.min(1, width - 2)),
  );
  const below = rows.slice(begin);
  const inComment = comment === "" ? null : commentHeader(body, comment, delimiter);
  if (inComment !== null && inComment.length === width && isHeader(inComment, below))
    return { ...form, skipped: begin, header: inComment };
  if (isHeader(below[0]!, below.slice(1))) return { ...form, skipped: begin + 1, header: below[0]! };
  // R leaves out the name of the column that names the rows.
  const short = ["", ...(rows[begin - 1] ?? [])];
  const header = short.length === width && isHeader(short, below) ? short : null;
  return { ...form, skipped: begin, header };
}

/** Cells of a row that hold something. */
const held = (row: readonly string[]) => row.filter((cell) => cell.trim() !== "").length;

/** Cells of a row up to the last that holds something. */
export const lengthOf = (row: readonly string[]) => row.findLastIndex((cell) => cell.trim() !== "") + 1;

/** The number of cells that most rows have, without last ones that are empty in all of them. */
function widthOf(rows: Rows): number {
  const counts = new Map<number, number>();
  for (const { length } of rows) counts.set(length, (counts.get(length) ?? 0) + 1);
  let [width = 0] = [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [];
  while (width > 0 && rows.every((row) => (row[width - 1] ?? "").trim() === "")) width--;
  return width;
}

/** Rates a delimiter: best are rows of equal length, many columns of numbers, and no other delimiter in a word. */
function score(rows: Rows, delimiter: string): number {
  const width = widthOf(rows);
  if (width < 2) return 0;
  const alike = rows.filter(({ length }) => length >= width && length <= width + 1).length / rows.length;
  const others = rows.length > 1 ? rows.slice(1) : rows;
  const columns = Array.from({ length: width }, (_, i) => others.map((row) => row[i]).filter((cell) => !isGap(cell)));
  const numeric = columns.filter((cells) => cells.length > 0 && shareOfNumbers(cells) >= 0.8).length;
  const words = rows.flat().filter((cell) => !isNumber(cell));
  const foreign = [",", ";", "\t", "|"].filter((each) => each !== delimiter);
  const whole = words.filter((cell) => !foreign.some((each) => cell.includes(each))).length / (words.length || 1);
  return alike * (0.5 + numeric) * (0.5 + 0.5 * (words.length === 0 ? 1 : whole));
}

const shareOfNumbers = (cells: readonly (string | undefined)[]) =>
  cells.filter((cell) => isNumber(cell ?? "")).length / cells.length;

/** The text that begins the first line, when that line is a comment and other lines are not. */
function commentOf(text: string): string {
  const mark = /^\s*(#|%|\/\/)/.exec(text)?.[1];
  const lines = text.split("\n", sampleRows).filter((line) => line.trim() !== "");
  return mark === undefined || lines.every((line) => line.startsWith(mark)) ? "" : mark;
}

/** The last comment before the data, which may hold the names of the columns. */
function commentHeader(text: string, comment: string, delimiter: string): string[] | null {
  const lines = text.split("\n", sampleRows).filter((line) => line.trim() !== "");
  const end = lines.findIndex((line) => !line.startsWith(comment));
  const last = lines[(end < 0 ? lines.length : end) - 1];
  if (last === undefined) return null;
  // A column may be called #.
  const names = delimiter !== " " && last.startsWith(comment + delimiter) ? last : last.slice(comment.length).trim();
  return cutRows(names, { delimiter, comment: "" }, true).rows[0] ?? null;
}

/**
 * True when a first row names columns: most of its cells above columns of numbers are not numbers. Empty cells do not
 * count.
 */
function isHeader(first: readonly string[], others: Rows): boolean {
  if (others.length === 0) return false;
  let [names, values] = [0, 0];
  for (const [i, cell] of first.entries()) {
    const below = others.map((row) => row[i]).filter((each) => !isGap(each));
    if (isGap(cell) || below.length === 0 || shareOfNumbers(below) <= 0.5) continue;
    if (isNumber(cell)) values++;
    else names++;
  }
  if (names + values > 0) return names > values || counted(first, others, names > 0 || isGap(first[0]));
  // Words only: a name comes once, a value again.
  const again = first.some((cell, i) => !isGap(cell) && others.some((row) => clean(row[i]) === clean(cell)));
  return !again && new Set(first.map(clean)).size === first.length;
}

/** True when only the first row counts columns: 1990, 1991, … or 0, 1, … beside the name of one. */
function counted(first: readonly string[], others: Rows, beside: boolean): boolean {
  const begin = countFrom(first);
  return (begin >= 1800 || (beside && (begin === 0 || begin === 1))) && others.every((row) => countFrom(row) < 0);
}

/** The first of whole numbers that go up by one, in most cells of a row; -1 where they do not. */
function countFrom(row: readonly string[]): number {
  const numbers = row.filter((cell) => /^\d+$/.test(clean(cell))).map(Number);
  const [first = -1] = numbers;
  const many = numbers.length > 2 && numbers.length >= row.length / 2;
  return many && numbers.every((each, i) => each === first + i) ? first : -1;
}

import { type Cells, type Column, clean, type Decimal, decimalOf, isGap, readColumn } from "./column.ts";
import { cutRows, delimiterName, findLayout, type Layout } from "./layout.ts";
import { EncodingError, encodingOf, formatProblem, readText } from "./text.ts";

/* A file as a table: its columns, and a fair sample of its rows. */

/** A table as it was read: some of its rows, evenly drawn, where there are many. */
export interface Table {
  readonly file: string;
  readonly columns: readonly Column[];
  /** True when the file names its columns. */
  readonly hasHeader: boolean;
  readonly rows: readonly (readonly string[])[];
  /** Number of each row in the file, counted from 1. */
  readonly numbers: readonly number[];
  /** Rows of data in the file. */
  readonly total: number;
  /** Notes for the user on the form of the file. */
  readonly notes: readonly string[];
}

/** The reason for which nothing can be read. */
export interface Problem {
  readonly problem: string;
}

/** Cells that are kept, and rows. Excel has as many columns at most. */
const mostCells = 4_000_000;
const mostRows = 20_000;
const mostColumns = 16_384;
/** Letters without the end of a row, at most: a quote that is never closed would take in the rest of the file. */
const longestRow = 1 << 24;
/** Rows by which a column is judged. */
const judgedRows = 1000;

const plain = new Intl.NumberFormat("en");

/** Reads a file piece by piece, as UTF-8 or UTF-16, else as Windows-1252. */
export async function readTable(file: File): Promise<Table | Problem> {
  if (file.size === 0) return { problem: `${file.name} is empty.` };
  const head = new Uint8Array(await file.slice(0, 1 << 16).arrayBuffer());
  const wrong = formatProblem(head);
  if (wrong !== null) return { problem: `${file.name} ${wrong}.` };
  const encoding = encodingOf(head);
  try {
    return await readAs(file, encoding);
  } catch (error) {
    if (!(error instanceof EncodingError)) throw error;
    return await readAs(file, "windows-1252");
  }
}

async function readAs(file: File, encoding: string): Promise<Table | Problem> {
  let layout: Layout | null = null;
  let sample: Sample | null = null;
  let rest = "";
  for await (const { text, last } of readText(file, encoding)) {
    rest += text;
    if (layout === null || sample === null) {
      const found = findLayout(rest, last);
      if ("problem" in found) return { problem: `${file.name} ${found.problem}.` };
      const { width } = found;
      const most = plain.format(mostColumns);
      if (width > mostColumns)
        return { problem: `${file.name} has ${plain.format(width)} columns; at most ${most} can be read.` };
      [layout, sample] = [found, new Sample(found)];
      rest = rest.slice(layout.start);
    }
    const cut = cutRows(rest, layout, last);
    rest = cut.rest;
    for (const row of cut.rows) sample.add(row);
    if (cut.openQuote || rest.length > longestRow)
      return {
        problem: `${file.name}: row ${plain.format(sample.seen)} or the next does not end; is a quote not closed?`,
      };
  }
  if (layout === null || sample === null || sample.total === 0) return { problem: `${file.name} has no rows.` };
  return makeTable(file.name, layout, sample, encoding);
}

/** Rows of data as they come. Each has the same chance to be kept. */
class Sample {
  /** Rows that came, with those above the data. */
  seen = 0;
  private readonly kept: { readonly number: number; readonly row: readonly string[] }[] = [];
  private readonly skipped: number;
  private readonly most: number;
  private readonly random = uniform();

  constructor({ skipped, width }: Layout) {
    this.skipped = skipped;
    this.most = Math.max(100, Math.min(mostRows, Math.floor(mostCells / width)));
  }

  /** Rows of data that came. */
  get total(): number {
    return Math.max(0, this.seen - this.skipped);
  }

  add(row: readonly string[]): void {
    const number = ++this.seen;
    if (number <= this.skipped) return;
    const place = this.kept.length < this.most ? this.kept.length : Math.floor(this.random() * this.total);
    if (place < this.most) this.kept[place] = { number, row };
  }

  /** The rows that were kept, in their order. */
  inOrder(): { readonly rows: readonly (readonly string[])[]; readonly numbers: readonly number[] } {
    const sorted = this.kept.toSorted((a, b) => a.number - b.number);
    return { rows: sorted.map(({ row }) => row), numbers: sorted.map(({ number }) => number) };
  }
}

/** Numbers from 0 to 1 that are the same for the same file (Marsaglia's xorshift). */
function uniform(): () => number {
  let state = 2463534242;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function makeTable(file: string, layout: Layout, sample: Sample, encoding: string): Table {
  const { header, skipped, width, delimiter } = layout;
  const { rows, numbers } = sample.inOrder();
  const looked = evenly([...rows.keys()], judgedRows);
  const cells = Array.from(
    { length: width },
    (_, i): Cells => looked.map((at) => [rows[at]![i] ?? "", numbers[at]! - skipped - 1]),
  );
  const decimals = cells.map((column) => decimalOf(column.map(([cell]) => clean(cell)).filter((cell) => !isGap(cell))));
  const commas = decimals.filter((decimal) => decimal === ",").length;
  const points = decimals.filter((decimal) => decimal === ".").length;
  // Programs put semicolons where the comma is the decimal sign.
  const usual: Decimal = commas > points || (delimiter === ";" && points === 0) ? "," : ".";
  const columns = cells.map((column, i) =>
    readColumn(header === null ? `column ${i + 1}` : clean(header[i]), column, usual, width),
  );
  const above = skipped - (header === null ? 0 : 1);
  const notes = [
    encoding === "windows-1252" ? "its bytes are no UTF-8, so they are read as Windows-1252" : "",
    delimiter === "," ? "" : `its columns stand apart by ${delimiterName(delimiter)}`,
    above > 0
      ? `${above} ${above === 1 ? "row" : "rows"} above the table ${above === 1 ? "is" : "are"} passed over`
      : "",
  ].filter(Boolean);
  return { file, columns: named(columns), hasHeader: header !== null, rows, numbers, total: sample.total, notes };
}

/** Gives each column a name of its own. */
function named(columns: readonly Column[]): Column[] {
  const used = new Set<string>();
  return columns.map((column, i) => {
    const wanted = column.name === "" ? `column ${i + 1}` : column.name;
    let name = wanted;
    for (let copy = 2; used.has(name); copy++) name = `${wanted} (${copy})`;
    used.add(name);
    return { ...column, name };
  });
}

/** Some of many values, spread over all of them. */
export function evenly<T>(values: readonly T[], most: number): readonly T[] {
  if (values.length <= most) return values;
  // Not every nth: rows may alternate.
  const at = (i: number) => Math.floor(((i + ((i * 0.618034) % 1)) * values.length) / most);
  return Array.from({ length: most }, (_, i) => values[at(i)]!);
}

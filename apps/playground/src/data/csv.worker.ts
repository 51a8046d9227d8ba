import { type Reading, readPoints } from "./csv.ts";
import { type Choice, guessColumns } from "./guess.ts";
import { packPoints } from "./points.ts";
import { type Problem, readTable, type Table } from "./table.ts";

/* Reads a CSV file of any length piece by piece, off the page's thread, and keeps a fair sample of its rows: the page gets
   points, and may ask for those of other columns. */

/** What the worker is asked. */
export type TableOrder = { readonly file: File } | { readonly choice: Choice };

/** The names of the columns, and which are used. */
interface Columns {
  readonly columns: readonly string[];
  readonly choice: Choice;
}

/** What it answers: points as text with what is to be said about them, or why there are none. */
export type TableReport =
  | (Columns & { readonly own: string; readonly names: readonly string[]; readonly notes: readonly string[] })
  /** With columns where others may be chosen. */
  | (Problem & Partial<Columns>);

const scope = self as unknown as {
  postMessage(message: TableReport): void;
  onmessage: ((event: MessageEvent<TableOrder>) => void) | null;
};

let table: Table | null = null;

function pointsOf(from: Table, choice: Choice | Problem): TableReport {
  if ("problem" in choice) return choice;
  const columns = from.columns.map(({ name }) => name);
  const reading: Reading = readPoints(from, choice);
  if ("problem" in reading) return { ...reading, columns, choice };
  const { set, names, notes } = reading;
  return { columns, choice, own: packPoints(set), names, notes };
}

async function readFile(file: File): Promise<TableReport> {
  const read = await readTable(file);
  if ("problem" in read) return read;
  table = read;
  return pointsOf(table, guessColumns(table));
}

scope.onmessage = async ({ data }) => {
  try {
    if ("file" in data) scope.postMessage(await readFile(data.file));
    else if (table !== null) scope.postMessage(pointsOf(table, data.choice));
  } catch (error) {
    const name = "file" in data ? data.file.name : (table?.file ?? "The file");
    scope.postMessage({
      problem: `${name} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    });
  }
};

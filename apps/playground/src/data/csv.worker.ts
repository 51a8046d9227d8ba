import Papa from "papaparse";
import { type Choice, guessColumns, makeTable, readPoints, type Table } from "./csv.ts";
import { packPoints } from "./points.ts";

/* Reads a CSV file of any length piece by piece, off the page's thread, and keeps a fair sample of its rows: the page gets
   points, and may ask for those of other columns. */

/** What the worker is asked. */
export type TableOrder = { readonly file: File } | { readonly choice: Choice };

/** What it answers: points as text with what is to be said about them, or why there are none. */
export type TableReport =
  | {
      readonly columns: readonly string[];
      readonly choice: Choice;
      readonly own: string;
      readonly notes: readonly string[];
    }
  | { readonly problem: string };

const mostRows = 20_000;
const mostColumns = 200;

const scope = self as unknown as {
  postMessage(message: TableReport): void;
  onmessage: ((event: MessageEvent<TableOrder>) => void) | null;
};

let table: Table | null = null;

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

function pointsOf(from: Table, choice: Choice | { readonly problem: string }): TableReport {
  if ("problem" in choice) return choice;
  const reading = readPoints(from, choice);
  if ("problem" in reading) return reading;
  const { set, notes } = reading;
  return { columns: from.columns, choice, own: packPoints(set), notes };
}

function readFile(file: File): void {
  const random = uniform();
  const kept: { readonly number: number; readonly row: string[] }[] = [];
  let total = 0;
  Papa.parse<string[]>(file, {
    skipEmptyLines: "greedy",
    chunkSize: 1 << 20,
    step({ data }) {
      total++;
      const entry = { number: total, row: data.slice(0, mostColumns) };
      if (kept.length < mostRows) {
        kept.push(entry);
        return;
      }
      // Every row has the same chance to stay, but for the first, which may be a header.
      const place = Math.floor(random() * total);
      if (place > 0 && place < mostRows) kept[place] = entry;
    },
    complete() {
      if (total === 0) {
        scope.postMessage({ problem: `${file.name} is empty.` });
        return;
      }
      kept.sort((a, b) => a.number - b.number);
      const [rows, numbers] = [kept.map(({ row }) => row), kept.map(({ number }) => number)];
      table = makeTable(file.name, rows, numbers, total);
      scope.postMessage(pointsOf(table, guessColumns(table)));
    },
    error(error) {
      scope.postMessage({ problem: `${file.name} cannot be read: ${error.message}` });
    },
  });
}

scope.onmessage = ({ data }) => {
  if ("file" in data) readFile(data.file);
  else if (table !== null) scope.postMessage(pointsOf(table, data.choice));
};

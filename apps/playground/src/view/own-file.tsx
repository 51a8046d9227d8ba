import { signal } from "@preact/signals";
import type { TableOrder, TableReport } from "../data/csv.worker.ts";
import type { Choice } from "../data/guess.ts";
import { limits } from "../model/run.ts";
import { changeTrain, settings, tell } from "../state.ts";
import { Select } from "./controls.tsx";
import { takePoints } from "./own-points.ts";

/* Points from a CSV file. */

/** The file that points came from last. Its reader keeps the rows, so that other columns can be chosen. */
interface OpenFile {
  readonly reader: Worker;
  readonly columns: readonly string[];
  readonly choice: Choice;
}

const open = signal<OpenFile | null>(null);
const reading = signal(false);

/** The name of a class as an address holds it. */
const nameOf = (name: string) => name.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").slice(0, limits.nameLetters);

function finish(reader: Worker): void {
  reading.value = false;
  if (reader !== open.value?.reader) reader.terminate();
}

function take(reader: Worker, report: TableReport): void {
  const { columns, choice } = report;
  if (columns !== undefined && choice !== undefined) {
    if (open.value?.reader !== reader) open.value?.reader.terminate();
    open.value = { reader, columns, choice };
  }
  if ("problem" in report) {
    tell(`${report.problem} What was there is kept.`);
    // The columns are chosen in the view of own data.
    if (columns !== undefined && settings.value.train.data !== "own") changeTrain({ data: "own" });
    return;
  }
  tell(report.notes.join("\n"), "news");
  takePoints({ data: "own", own: report.own, names: report.names.map(nameOf) });
}

/** Reads a CSV file, off this thread. */
export function readFile(file: File): void {
  reading.value = true;
  const reader = new Worker(new URL("../data/csv.worker.ts", import.meta.url), { type: "module", name: "csv" });
  reader.onmessage = ({ data }: MessageEvent<TableReport>) => {
    take(reader, data);
    finish(reader);
  };
  reader.onerror = ({ message }) => {
    finish(reader);
    tell(`${file.name} cannot be read: ${message || "its reader did not load"}.`);
  };
  reader.postMessage({ file } satisfies TableOrder);
}

/** Where a file is chosen, and which of its columns are used. */
export function OwnFile() {
  return (
    <>
      <label class="file">
        <input
          type="file"
          accept=".csv,.tsv,.txt,text/csv"
          aria-label="CSV file"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            event.currentTarget.value = "";
            if (file) readFile(file);
          }}
        />
        <span>{reading.value ? "Reading…" : "Choose a CSV file, or drop one anywhere"}</span>
      </label>
      <Columns />
    </>
  );
}

function Columns() {
  const file = open.value;
  if (file === null) return null;
  const { columns, choice, reader } = file;
  const choices = columns.map((title, value) => ({ value, title }));
  const choose = (next: Choice) => {
    open.value = { ...file, choice: next };
    reader.postMessage({ choice: next } satisfies TableOrder);
  };
  const field = (label: string, name: keyof Choice) => (
    <Select
      label={label}
      value={choice[name]}
      choices={choices}
      onChange={(column) => choose({ ...choice, [name]: column })}
    />
  );
  return (
    <div class="columns">
      {field("Across", "x")}
      {field("Up", "y")}
      {field("Class or number", "target")}
    </div>
  );
}

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Graph, matMul, mean, placeholder, square, sub, tanh, Variable } from "@gradtape/graph";
import { randomNormal } from "@gradtape/tensor";
import { expect, test } from "vitest";
import { FileWriter } from "./file-writer.ts";
import { type ReadEvent, readEvents, readRecords } from "./fixtures/event-reader.ts";
import { SummaryWriter } from "./summary-writer.ts";

const golden = readFileSync(new URL("./fixtures/tensorflow.tfevents", import.meta.url));
const seconds = 1_700_000_000.5;

/** What `check/golden.py` says to TensorFlow's writer. */
function write(): Uint8Array {
  const records: Uint8Array[] = [];
  const writer = new SummaryWriter((record) => records.push(record), { now: () => seconds });
  writer.scalar("loss", 2.25, 0);
  writer.scalar("loss", 0.1, 1);
  writer.scalar("train/loss", Number.POSITIVE_INFINITY, 2);
  writer.scalar("zéro", 0, -3);
  writer.scalar("loss", -0, 2 ** 40);
  writer.histogram(
    "ramp",
    Float32Array.from({ length: 100 }, (_, i) => Math.fround((i - 50) / 7)),
    1,
  );
  writer.histogram("far", new Float64Array([-1e30, -1e-13, 0, 1e-12, 1e25]), 2);
  writer.histogram("whole", Int32Array.from([1, 1, 2, -7]), 3);
  writer.histogram("empty", [], 4);
  const graph = new Graph();
  graph.asDefault(() => tanh(placeholder("float32", [null, 3], { name: "x" }), { name: "y" }));
  writer.graph(graph);
  return Buffer.concat(records);
}

test("the file is TensorFlow's, byte for byte", () => {
  const [ours, theirs] = [write(), golden].map((file) =>
    readRecords(file).map((record) => Buffer.from(record).toString("hex")),
  );
  for (const [i, record] of theirs!.entries()) expect(ours![i], `record ${i}`).toBe(record);
  expect(write()).toEqual(golden);
});

test("what was said is in the file", () => {
  const events = readEvents(golden);
  expect(events.map(({ wallTime }) => wallTime)).toEqual(events.map(() => seconds));
  expect(events[0]).toEqual({ wallTime: seconds, step: 0, fileVersion: "brain.Event:2" });
  expect(events.slice(1, 6).map(({ step, scalar }) => [step, scalar?.tag, scalar?.value])).toEqual([
    [0, "loss", 2.25],
    [1, "loss", Math.fround(0.1)],
    [2, "train/loss", Number.POSITIVE_INFINITY],
    [-3, "zéro", 0],
    [2 ** 40, "loss", -0],
  ]);
  const whole = events[8]!.histogram!;
  expect(whole.facts).toEqual([-7, 2, 4, -3, 55]);
  expect(whole.buckets.reduce((sum, [, count]) => sum + count, 0)).toBe(4);
  expect(events[10]!.graph!.map(({ name, op, inputs }) => [name, op, inputs])).toEqual([
    ["x", "placeholder", []],
    ["y", "tanh", ["x"]],
  ]);
});

/** What `check/read_events.py` found in a folder. */
interface Found {
  readonly version: string;
  readonly scalars: { readonly [tag: string]: readonly (readonly [step: number, value: number])[] };
  readonly histograms: {
    readonly [tag: string]: readonly (readonly [step: number, facts: number[], buckets: [number, number][]])[];
  };
  readonly graph: readonly { readonly name: string; readonly op: string; readonly inputs: readonly string[] }[];
}

// `TENSORBOARD_PYTHON=python3 vitest run packages/summary`, for a Python that has TensorBoard, asks the real reader too.
const python = process.env.TENSORBOARD_PYTHON;
if (python) {
  test("TensorBoard reads the same", () => {
    const folder = mkdtempSync(join(tmpdir(), "summary-"));
    try {
      const file = writeRun(folder);
      const script = fileURLToPath(new URL("../check/read_events.py", import.meta.url));
      const found: Found = JSON.parse(execFileSync(python, [script, folder, "--json"], { encoding: "utf8" }));
      console.log(`TensorBoard ${found.version} read ${Object.keys(found.scalars)}, ${Object.keys(found.histograms)}`);
      const events = readEvents(readFileSync(file));
      expect(found.scalars).toEqual(byTag(events, ({ step, scalar }) => scalar && [scalar.tag, [step, scalar.value]]));
      expect(found.histograms).toEqual(
        byTag(events, ({ step, histogram: read }) => read && [read.tag, [step, read.facts, read.buckets]]),
      );
      const nodes = events.find(({ graph }) => graph)!.graph!;
      expect(found.graph).toEqual(nodes.map(({ name, op, inputs }) => ({ name, op, inputs })));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

function byTag(events: readonly ReadEvent[], pick: (event: ReadEvent) => [string, unknown] | undefined) {
  const found = new Map<string, unknown[]>();
  for (const event of events) {
    const [tag, value] = pick(event) ?? [];
    if (tag !== undefined) found.set(tag, [...(found.get(tag) ?? []), value]);
  }
  return Object.fromEntries(found);
}

function writeRun(folder: string): string {
  using writer = new FileWriter(folder);
  const w = new Variable(randomNormal([4, 3], { seed: 1 }), { name: "w" });
  for (let step = 0; step < 100; step++) {
    writer.scalar("loss", 1 / (1 + step), step);
    writer.scalar("accuracy", step / 100, step);
    if (step % 25 === 0) writer.histogram("w", randomNormal([1000], { seed: step }), step);
  }
  writer.histogram("none", [], 0);
  const graph = new Graph();
  graph.asDefault(() => {
    const x = placeholder("float32", [null, 4], { name: "x" });
    mean(square(sub(tanh(matMul(x, w)), [1, 2, 3])), undefined, { name: "loss" });
  });
  writer.graph(graph);
  return writer.path;
}

import { readFile } from "node:fs/promises";
import { type ImportedGraph, importGraphDef } from "@gradtape/export";
import * as gt from "gradtape";
import { replaceFile } from "gradtape/node";
import { assignWeights, readTensors } from "./export.ts";
import { Mistake, systemReason } from "./mistake.ts";
import { counted } from "./terminal/format.ts";
import type { Screen } from "./terminal/screen.ts";

/** What the user of `demo import` decides. */
export interface GraphFileOptions {
  /** Batches to run it on: a tensor for each input, stacked along a first axis. */
  readonly batches?: string;
  /** Values for its variables. */
  readonly weights?: string;
  /** What to fetch, when the file does not say. */
  readonly outputs?: readonly string[];
  readonly steps?: number;
  /** Where to write the variables at the end. */
  readonly save?: string;
  /** Read int64 as int32. */
  readonly narrow: boolean;
}

async function read(flag: string, path: string): Promise<Uint8Array> {
  return readFile(path).catch((error: unknown) => {
    throw new Mistake(`${flag}${path}: cannot be read, ${systemReason(error)}`);
  });
}

/** Reads a graph of TensorFlow, says what is in it, and runs it. */
export async function importGraph(file: string, options: GraphFileOptions, screen: Screen): Promise<void> {
  const bytes = await read("", file);
  const imported = graphOf(file, bytes, options);
  describe(file, imported, screen);
  const { graph, variables, initializer } = imported;
  using session = new gt.Session({ graph });
  if (initializer !== null) session.run(initializer);
  const named = new Map(variables.map((variable) => [variable.name.replace(/:\d+$/, ""), variable]));
  if (options.weights !== undefined) {
    const { tensors } = readTensors("--weights", options.weights, await read("--weights ", options.weights));
    assignWeights(`--weights ${options.weights}`, graph, session, named, tensors);
    const missing = [...named.keys()].filter((name) => tensors[name] === undefined).length;
    screen.line(`${counted(named.size - missing, "variable")} from ${options.weights}, ${missing} as initialized`);
  }
  if (options.batches !== undefined) {
    const { tensors } = readTensors("--batches", options.batches, await read("--batches ", options.batches));
    runOn(tensors, imported, session, options, screen);
  }
  if (options.save === undefined) return;
  const values = Object.fromEntries([...named].map(([name, variable]) => [name, session.run(variable)]));
  await replaceFile(options.save, gt.saveSafetensors(values)).catch((error: unknown) => {
    throw new Mistake(`--save ${options.save}: cannot be written, ${systemReason(error)}`);
  });
  screen.line(`${counted(named.size, "variable")} saved to ${options.save}`);
}

function graphOf(file: string, bytes: Uint8Array, { outputs, narrow }: GraphFileOptions): ImportedGraph {
  try {
    return importGraphDef(bytes, { narrow, ...(outputs && { outputs }) });
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("importGraphDef: ")) throw error;
    // The line of the program that reads it is ours, not the user's.
    const [reason] = error.message.slice("importGraphDef: ".length).split("\n  at ");
    throw new Mistake(`${file}: ${reason}`);
  }
}

function describe(file: string, { graph, inputs, outputs, variables }: ImportedGraph, screen: Screen): void {
  const operations = graph.getOperations();
  const counts = new Map<string, number>();
  for (const { type } of operations) counts.set(type, (counts.get(type) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a).map(([type, times]) => `${type} ${times}`);
  screen.line(`${file}: ${counted(operations.length, "operation")}: ${sorted.join(", ")}`);
  const kind = ({ dtype, shape }: { dtype: string; shape: readonly (number | null)[] }) =>
    `${dtype}[${shape.map((extent) => extent ?? "?").join(", ")}]`;
  for (const [name, tensor] of Object.entries(inputs)) screen.line(`  input     ${name}  ${kind(tensor)}`);
  for (const [name, output] of Object.entries(outputs)) {
    screen.line(`  output    ${name}  ${output instanceof gt.Operation ? "an operation" : kind(output)}`);
  }
  for (const variable of variables) {
    screen.line(`  variable  ${variable.name}  ${kind(variable)}${variable.trainable ? "" : ", not trainable"}`);
  }
}

function runOn(
  batches: Readonly<Record<string, gt.Tensor>>,
  { inputs, outputs }: ImportedGraph,
  session: gt.Session,
  { batches: path, steps }: GraphFileOptions,
  screen: Screen,
): void {
  const missing = Object.keys(inputs).filter((name) => batches[name] === undefined);
  if (missing.length > 0) throw new Mistake(`--batches ${path}: holds nothing for the input ${missing.join(", ")}`);
  const length = Math.min(...Object.keys(inputs).map((name) => batches[name]!.shape[0]!));
  for (let i = 0; i < (steps ?? length); i++) {
    const feeds = Object.entries(inputs).map(
      ([name, tensor]) => [tensor, gt.gather(batches[name]!, i % length)] as const,
    );
    const names = Object.keys(outputs);
    const values = session.run(Object.values(outputs), feeds) as (gt.Tensor | null)[];
    const shown = names.flatMap((name, j) => (values[j]?.size === 1 ? `${name} ${Number(values[j]!.item())}` : []));
    screen.line(`step ${i}  ${shown.join("  ")}`);
  }
}

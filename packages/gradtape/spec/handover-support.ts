import type { Handover, Signature } from "@gradtape/export";
import { SymbolicTensor } from "@gradtape/graph";
import * as gt from "gradtape";
import * as ort from "onnxruntime-web/wasm";
import type { Row } from "../../autograd/src/fixtures/gradient-table.ts";

/* Graphs that are handed over, and ONNX Runtime to run them. */

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

export type Values = Record<string, gt.Tensor>;

const asDType: Record<string, gt.DType> = { float32: "float32", float64: "float64", int32: "int32", bool: "bool" };

/** Runs a model on values for its inputs; the values of its outputs by name. */
export async function runOnnx(bytes: Uint8Array, signature: Signature, values: Values): Promise<Values> {
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  try {
    return await runSession(session, signature, values);
  } finally {
    await session.release();
  }
}

export async function runSession(
  session: ort.InferenceSession,
  { state, inputs }: Signature,
  values: Values,
): Promise<Values> {
  const feeds = Object.fromEntries(
    [...state, ...inputs].map(({ name }) => {
      const { dtype, data, shape } = values[name]!;
      return [name, new ort.Tensor(dtype as "float32", data as Float32Array, [...shape] as number[])];
    }),
  );
  const results = await session.run(feeds);
  return Object.fromEntries(
    Object.entries(results).map(([name, { type, data, dims }]) => [
      name,
      gt.tensor(data as Float32Array, { shape: [...dims], dtype: asDType[type]! }),
    ]),
  );
}

/** The largest difference, relative to the larger of 1 and the number itself. NaN and infinities must be the same. */
export function distance(actual: gt.Tensor, expected: gt.Tensor): number {
  if (actual.dtype !== expected.dtype || `${actual.shape}` !== `${expected.shape}`) {
    throw new Error(`${actual.dtype}[${actual.shape}] is not ${expected.dtype}[${expected.shape}]`);
  }
  const other = expected.data;
  let most = 0;
  for (const [i, value] of [...actual.data].entries()) {
    const wanted = other[i]!;
    const off = Object.is(value, wanted) ? 0 : Math.abs(value - wanted) / Math.max(1, Math.abs(wanted));
    if (!(off <= most)) most = off;
  }
  return most;
}

/** A handover with the values of a run: what goes in, and what comes out here. */
export interface Case {
  readonly handover: Handover;
  readonly feeds: Values;
  readonly results: Values;
}

type Cotangent = gt.Tensor | gt.IndexedSlices | null;
const dense = (g: Cotangent) => (g instanceof gt.IndexedSlices ? g.toTensor() : g);
const listOf = (result: gt.Tensor | readonly gt.Tensor[]) => (result instanceof gt.Tensor ? [result] : [...result]);

/** A row of the gradient table as a graph: values, gradients, and gradients of those. */
export function caseOfRow({ f, inputs }: Row, { order = 2, open = false } = {}): Case {
  const graph = new gt.Graph();
  return graph.asDefault(() => {
    const holders = inputs.map(({ dtype, shape }, i) =>
      gt.placeholder(dtype, open ? [null, ...shape.slice(1)].slice(0, shape.length) : [...shape], { name: `x${i}` }),
    ) as SymbolicTensor[];
    const values = listOf(f(...holders));
    const first = order > 0 ? gt.gradients(values, holders).map(dense) : [];
    const connected = first.filter((g) => g !== null);
    const second = order > 1 && connected.length > 0 ? gt.gradients(connected, holders).map(dense) : [];
    const outputs = [...new Set([...values, ...first, ...second].filter((each) => each instanceof SymbolicTensor))];
    const session = new gt.Session({ graph });
    const results = session.run(
      outputs,
      inputs.map((input, i) => [holders[i]!, input] as const),
    );
    return {
      handover: { graph, inputs: holders, outputs },
      feeds: Object.fromEntries(inputs.map((input, i) => [`x${i}`, input])),
      results: Object.fromEntries(outputs.map(({ name }, i) => [name, results[i]!])),
    };
  });
}

/** A row with its inputs as float32; as it is, where it holds float64 numbers of its own. */
export function inSingle({ f, inputs }: Row): Row {
  const single = inputs.map((input) => (input.dtype === "float64" ? gt.cast(input, "float32") : input));
  try {
    f(...single);
    return { f, inputs: single };
  } catch {
    return { f, inputs };
  }
}

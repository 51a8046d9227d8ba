import { allEntries, State, type SymbolicTensor } from "@gradtape/graph";
import * as gt from "gradtape";
import { tableRows } from "./handover-rows.ts";
import { caseOfRow, inSingle } from "./handover-support.ts";

/* Graphs of one op and of several, made of all that the gradient table records, and random changes of them. */

type Json = number | string | boolean | null | Json[] | { [name: string]: Json };
interface Node {
  name: string;
  op: string;
  inputs: Json[];
  attributes: { [name: string]: Json };
  [field: string]: Json;
}

/** A graph of one op: placeholders and variables for its inputs, which come first, and the op as `f`. */
export type Specimen = readonly Node[];

const specOf = (input: { readonly dtype: gt.DType; readonly shape: readonly (number | null)[] }) => ({
  dtype: input.dtype as string,
  shape: input.shape.map((extent) => extent ?? 2) as Json[],
});

function specimenOf({ type, inputs, attributes, def }: gt.Operation): Specimen {
  const sources = inputs.map((input, i): Node => {
    const state = input instanceof State;
    const name = `${state ? "v" : "p"}${i}`;
    const facts = { ...specOf(input), ...(state && { trainable: true }) };
    return { name, op: state ? "variable" : "placeholder", inputs: [], attributes: facts };
  });
  const names = sources.map(({ name, op }, i) => (def.writes?.includes(i) || op === "variable" ? name : `${name}:0`));
  const plain = JSON.parse(JSON.stringify(attributes)) as { [name: string]: Json };
  return [...sources, { name: "f", op: type, inputs: names, attributes: plain }];
}

/** One specimen of each op with each form of operands in the gradient table, and of the updates of optimizers. */
export function specimens(): Specimen[] {
  const found = new Map<string, Specimen>();
  const collect = (graph: gt.Graph) => {
    for (const operation of graph.getOperations()) {
      if (["placeholder", "constant", "variable"].includes(operation.type)) continue;
      const specimen = specimenOf(operation);
      found.set(JSON.stringify(specimen), specimen);
    }
  };
  for (const { row, order } of tableRows) collect(caseOfRow(row, { order: Math.min(order, 1) }).handover.graph);
  collect(training());
  return [...found.values()];
}

/** The graphs of the gradient table, values and first gradients, as they are written down. */
export function wholeGraphs(): Specimen[] {
  const most = 40;
  return tableRows
    .map(({ row, order }) => caseOfRow(inSingle(row), { order: Math.min(order, 1) }).handover.graph)
    .map((graph) => gt.toGraphDef(graph).nodes as unknown as Specimen)
    .filter(({ length }) => length < most);
}

/** A graph with reads, writes and updates of variables, dense and sparse. */
function training(): gt.Graph {
  const graph = new gt.Graph();
  graph.asDefault(() => {
    const x = gt.placeholder("float32", [null, 3]);
    const w = new gt.Variable(gt.ones([3, 2]), { name: "w" });
    const table = new gt.Variable(gt.ones([4, 3]), { name: "table" });
    const rows = gt.gather(table, gt.placeholder("int32", [null]));
    const loss = gt.sum(gt.square(gt.matMul(gt.concat([x, rows], 0), w)));
    for (const optimizer of [new gt.RMSPropOptimizer(0.1), new gt.AdamOptimizer(0.1), new gt.FtrlOptimizer(0.1)]) {
      optimizer.minimize(loss);
    }
    for (const method of ["scatterAdd", "scatterSub", "scatterUpdate"] as const) {
      table[method](new gt.IndexedSlices(gt.ones([2, 3]), gt.tensor([0, 1], { dtype: "int32" }), [4, 3]));
    }
    for (const method of ["assign", "assignAdd", "assignSub"] as const) w[method](gt.ones([3, 2]));
    w.initializedValue();
    gt.isVariableInitialized(w);
  });
  return graph;
}

/** A random whole number below `n`. */
export type Choose = (n: number) => number;

/** A choice that a seed decides (the generator of Marsaglia, 2003). */
export function chooser(seed: number): Choose {
  let state = (seed * 2654435761 + 1) | 0 || 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

const odd: readonly Json[] = [
  -1,
  0,
  1,
  2,
  3,
  5,
  7,
  1.5,
  2 ** 31,
  2 ** 53,
  -0.5,
  null,
  "x",
  "float32",
  true,
  [],
  [0],
  {},
];
const dtypes = ["float32", "float64", "int32", "bool"];
const ops = allEntries().map(({ name }) => name);

/** A copy of a specimen with one or two changes. */
export function mutated(specimen: Specimen, choose: Choose): Node[] {
  const nodes = JSON.parse(JSON.stringify(specimen)) as Node[];
  const changes = 1 + (choose(3) === 0 ? 1 : 0);
  for (let i = 0; i < changes; i++) mutate(nodes, choose);
  return nodes;
}

function mutate(nodes: Node[], choose: Choose): void {
  const pick = <T>(list: readonly T[]): T => list[choose(list.length)]!;
  const node = pick(nodes);
  const last = nodes.at(-1)!;
  switch (choose(8)) {
    case 0:
    case 1:
    case 2:
      changeAttribute(choose(3) === 0 ? node : last, pick, choose);
      return;
    case 3:
      last.inputs[choose(last.inputs.length + 1)] = pick([...nodes.map(({ name }) => `${name}:0`), "v0", "p0"]);
      return;
    case 4:
      if (choose(2) === 0) last.inputs.splice(choose(last.inputs.length + 1), 1);
      else last.inputs.push(pick([...last.inputs, "p0:0"]));
      return;
    case 5:
      if ("dtype" in node.attributes) node.attributes.dtype = pick(dtypes);
      return;
    case 6:
      if (Array.isArray(node.attributes.shape)) changeList(node.attributes.shape, pick, choose);
      return;
    default:
      if (choose(4) === 0) last.op = pick(ops);
      else last.inputs.reverse();
  }
}

function changeAttribute({ attributes }: Node, pick: <T>(list: readonly T[]) => T, choose: Choose): void {
  const names = Object.keys(attributes);
  if (names.length === 0 || choose(16) === 0) {
    attributes[pick(["axis", "extra", "shape"])] = pick(odd);
    return;
  }
  const name = pick(names);
  const value = attributes[name];
  if (choose(12) === 0) delete attributes[name];
  else if (Array.isArray(value) && choose(8) > 0) changeList(value, pick, choose);
  else if (typeof value === "number" && choose(4) > 0) attributes[name] = value + pick([-1, 1, 2]);
  else attributes[name] = pick(odd);
}

function changeList(list: Json[], pick: <T>(of: readonly T[]) => T, choose: Choose): void {
  const at = choose(list.length + 1);
  const value = list[at];
  const change = choose(6);
  if (change === 0) list.splice(at, 1);
  else if (change === 1) list.splice(at, 0, pick([0, 1, 2, 3]));
  else if (change === 2) list.reverse();
  else if (change === 3) list[at] = pick(odd);
  else list[at] = typeof value === "number" ? value + pick([-1, 1, 1]) : null;
}

/** The outcome of a run: values, or a refusal in words of the library. */
export type Outcome = { readonly results: readonly gt.EagerTensor[] } | { readonly refusal: Error };

const documented = new Set([
  ...["TypeError", "ValueError", "RuntimeError", "InvalidArgumentError", "FailedPreconditionError"],
  ...["NotFoundError", "LookupError", "NotImplementedError"],
]);
const raw =
  /Cannot (?:read|destructure|convert)|undefined|not iterable|call stack|is not a function|Invalid (?:typed )?array|out of bounds|CompileError|not an object/;

/** Returns the results of `run`, or the documented error that it throws. Any other error is thrown on. */
export function outcomeOf(run: () => readonly gt.EagerTensor[]): Outcome {
  try {
    return { results: run() };
  } catch (error) {
    if (!(error instanceof Error) || !documented.has(error.name) || raw.test(error.message)) throw error;
    return { refusal: error };
  }
}

/** Values for a placeholder: small, and each class or row that there may be. */
export function valueFor(input: SymbolicTensor, seed: number): gt.EagerTensor {
  const shape = input.shape.map((extent) => extent ?? 1 + (seed % 3));
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (size > 4096) throw new gt.ValueError(`the mutant asks for ${size} elements to be fed`);
  const values = Array.from({ length: size }, (_, i) =>
    input.dtype === "int32" ? (i + seed) % 3 : ((i * 7 + seed) % 5) / 4,
  );
  return gt.tensor(input.dtype === "bool" ? values.map((value) => value > 0.5) : values, { shape, dtype: input.dtype });
}

/** Runs what the last operation of a graph gives, and what it writes, on values for all that has to be fed. */
export function runLast(graph: gt.Graph, runs: number, seed: number): Outcome[] {
  return graph.asDefault(() => {
    const operations = graph.getOperations();
    const last = operations.at(-1)!;
    const variables = [...new Set(last.inputs.filter((input): input is gt.Variable => input instanceof gt.Variable))];
    const starts = variables.map((v) => v.assign(gt.broadcastTo(gt.cast(gt.constant(1), v.dtype), v.shape)));
    const fed = operations.flatMap(({ def, outputs }) => (def.mustBeFed ? [outputs[0]!] : []));
    const session = new gt.Session({ graph });
    const fetched = last.def.mustBeFed ? [] : [...last.outputs];
    return Array.from({ length: runs }, () =>
      outcomeOf(() => {
        session.run(starts);
        const feeds = fed.map((input) => [input, valueFor(input, seed)] as const);
        const [outputs] = session.run([fetched, last.def.mustBeFed ? null : last], feeds);
        const results = [...outputs, ...session.run(variables)] as gt.EagerTensor[];
        return results.filter(({ data }) => data); // a view may be larger than what may be taken
      }),
    );
  });
}

import { type Handover, weightsOf } from "@gradtape/export";
import { type Operation, SymbolicTensor } from "@gradtape/graph";
import fc from "fast-check";
import * as gt from "gradtape";
import { distance, type Values } from "./handover-support.ts";
import { dataFor, envOf, interpret, lossOf, numbersFor, partsOf } from "./program-runs.ts";
import { type Program, programOf, recipes } from "./programs.ts";

/* Models to hand over, with numbers to train them on. */

/** A step of a model, a session in which its variables have values, and stacked batches for its inputs. */
export interface Step {
  readonly handover: Handover;
  readonly session: gt.Session;
  readonly batches: Values;
}

export const symbolic = (x: unknown): SymbolicTensor => {
  if (x instanceof SymbolicTensor) return x;
  throw new Error(`${x} is no tensor of a graph`);
};

interface Sizes {
  readonly batch: number;
  readonly layers: readonly number[];
  readonly optimizer?: gt.Optimizer;
  /** The batch is left to the run. */
  readonly open?: boolean;
  /** How many batches there are. */
  readonly count?: number;
}

const rmsprop = () => new gt.RMSPropOptimizer(0.01, { momentum: 0.5 });

function dense(x: gt.Tensor, layers: readonly number[]): gt.Tensor {
  return layers.slice(1).reduce((h, size, i) => {
    const name = `layer${i}`;
    const w = new gt.Variable(gt.glorotUniform([layers[i]!, size], { seed: 7 + i }), { name: `${name}/w` });
    const b = new gt.Variable(gt.fill([size], 0.1), { name: `${name}/b` });
    const sum = gt.add(gt.matMul(h, w), b);
    return i === layers.length - 2 ? sum : gt.relu(sum);
  }, x);
}

function finish(
  graph: gt.Graph,
  parts: { inputs: gt.Tensor[]; loss: gt.Tensor; optimizer: gt.Optimizer; batches: Values },
): Step {
  const { inputs, loss, optimizer, batches } = parts;
  const globalStep = new gt.Variable(0, { name: "step", dtype: "int32", trainable: false });
  // Keras counts its steps by itself.
  const train = optimizer.minimize(loss, optimizer instanceof gt.RMSprop ? {} : { globalStep }) as Operation;
  const session = new gt.Session({ graph });
  session.run(gt.globalVariablesInitializer());
  const handover = {
    graph,
    inputs: inputs.map(symbolic),
    outputs: [symbolic(gt.identity(loss, { name: "loss" })), train],
  };
  return { handover, session, batches };
}

/** A perceptron that tells classes. */
export function perceptron({ batch, layers, optimizer = rmsprop(), open = false, count = 4 }: Sizes): Step {
  const graph = new gt.Graph();
  const random = gt.generator(3);
  const [features, classes] = [layers[0]!, layers[layers.length - 1]!];
  const batches = {
    x: random.normal([count, batch, features]),
    labels: random.uniform([count, batch], { low: 0, high: classes, dtype: "int32" }),
  };
  return graph.asDefault(() => {
    const x = gt.placeholder("float32", [open ? null : batch, features], { name: "x" });
    const labels = gt.placeholder("int32", [open ? null : batch], { name: "labels" });
    const loss = gt.losses.sparseSoftmaxCrossEntropy(labels, dense(x, layers));
    return finish(graph, { inputs: [x, labels], loss, optimizer, batches });
  });
}

interface Names extends Sizes {
  /** Rows and columns of the embedding. */
  readonly table: readonly [rows: number, columns: number];
  /** How many characters are looked at; `layers` has the sizes behind. */
  readonly context: number;
}

/** A model of names: characters through an embedding, in which some occur more than once. */
export function names(sizes: Names): Step {
  const { batch, layers, table, context, optimizer = rmsprop(), open = false, count = 4 } = sizes;
  const graph = new gt.Graph();
  const random = gt.generator(5);
  const [rows, columns] = table;
  const ids = (...shape: number[]) => random.uniform(shape, { low: 0, high: rows, dtype: "int32" });
  const batches = { characters: ids(count, batch, context), next: ids(count, batch) };
  return graph.asDefault(() => {
    const characters = gt.placeholder("int32", [open ? null : batch, context], { name: "characters" });
    const next = gt.placeholder("int32", [open ? null : batch], { name: "next" });
    const embedding = new gt.Variable(gt.randomNormal([rows, columns], { seed: 2 }), { name: "embedding" });
    const looked = gt.reshape(gt.gather(embedding, characters), [-1, context * columns]);
    const logits = dense(looked, [context * columns, ...layers, rows]);
    const loss = gt.losses.sparseSoftmaxCrossEntropy(next, logits);
    return finish(graph, { inputs: [characters, next], loss, optimizer, batches });
  });
}

/** Batch `i` of stacked ones. */
export function batchOf(batches: Values, i: number): Values {
  return Object.fromEntries(
    Object.entries(batches).map(([name, { data, shape, dtype }]) => {
      const [count, ...rest] = shape as [number, ...number[]];
      const size = data.length / count;
      const at = i % count;
      return [name, gt.tensor(data.slice(at * size, (at + 1) * size), { shape: rest, dtype })];
    }),
  );
}

/** Takes step `i` in the session; what was fetched by name. */
export function takeStep({ handover: { inputs, outputs }, session }: Step, batch: Values): Values {
  const results = session.run(
    outputs,
    inputs.map((input) => [input, batch[symbolic(input).op.name]!] as const),
  ) as (gt.Tensor | null)[];
  return Object.fromEntries(
    outputs.flatMap((output, i) =>
      results[i] === null ? [] : [[(output as { name: string }).name, results[i]!] as const],
    ),
  );
}

/** A random program that trains its variables; steps are numbered as its data are. */
export function randomStep(program: Program, count: number): Step {
  const graph = new gt.Graph();
  return graph.asDefault(() => {
    const inputs = program.inputs.map(({ shape, dtype }, i) => gt.placeholder(dtype, [...shape], { name: `x${i}` }));
    const parts = partsOf(program);
    const env = interpret(program, envOf(inputs, parts.variables, numbersFor(program.seed, 0)));
    const loss = gt.identity(lossOf(program, env), { name: "loss" });
    const varList = program.trained.map((name) => env.get(name) as gt.Variable);
    const train = parts.optimizer.minimize(loss, { varList, ...parts.options }) as Operation;
    const outputs = program.outputs.map((name) => env.get(name)).filter((each) => each instanceof SymbolicTensor);
    const session = new gt.Session({ graph });
    session.run(gt.globalVariablesInitializer());
    const data = Array.from({ length: count }, (_, i) => dataFor(program, i).inputs);
    const batches = Object.fromEntries(
      inputs.map((_, i) => [`x${i}`, gt.stack(data.map((each) => each[i]!))] as const),
    );
    const used = inputs.map(symbolic);
    return {
      handover: { graph, inputs: used, outputs: [symbolic(loss), ...new Set(outputs), train] },
      session,
      batches,
    };
  });
}

/** Random programs that train variables, in which no change grows to more than `growth` times itself. */
export function calmPrograms({
  seed,
  count,
  steps,
  growth = 30,
}: {
  seed: number;
  count: number;
  steps: number;
  growth?: number;
}): Program[] {
  const calm: Program[] = [];
  for (const recipe of fc.sample(recipes({ length: 10 }), { numRuns: 40 * count, seed })) {
    if (recipe.update !== "minimize" || recipe.inputs.length === 0) continue;
    const program = programOf(recipe);
    const trains = program.update === "minimize" && program.calls.length > 3;
    if (trains && isCalm(program, steps, growth)) calm.push(program);
    if (calm.length === count) return calm;
  }
  throw new Error(`only ${calm.length} programs of seed ${seed} are calm`);
}

/**
 * Whether a small change at the beginning stays small; where it grows, so does the difference of two ways of rounding.
 */
function isCalm(program: Program, count: number, growth: number): boolean {
  const [one, other] = [randomStep(program, count), randomStep(program, count)];
  const { graph } = other.handover;
  const variables = graph.getCollection("trainable_variables") as gt.Variable[];
  const nudges = graph.asDefault(() => variables.map((v) => v.assign(gt.mul(v, gt.cast(1 + 1e-6, v.dtype)))));
  other.session.run(nudges as gt.Tensor[]);
  const losses = [one, other].map((step) =>
    Array.from({ length: count }, (_, i) => takeStep(step, batchOf(step.batches, i))["loss:0"]!),
  );
  const results = [one, other].map(({ handover, session }, i) => [
    ...losses[i]!,
    ...Object.values(weightsOf(handover, session)),
  ]);
  return results[0]!.every((result, i) => distance(results[1]![i]!, result) < growth * 1e-6);
}

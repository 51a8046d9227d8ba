import * as gt from "gradtape";
import { extras } from "./program-extras.ts";
import type { Argument, Program, Ref, Spec } from "./programs.ts";

/* Programs in every mode: op by op, compiled, and in a session. */

export type Env = Map<string, gt.Tensor | gt.Variable | Plain>;

/** An argument of a step that is not a tensor. */
type Plain = number | readonly number[];

/** What a step gives: its outputs, and the gradients of their sum for each floating input and variable. */
export interface Results {
  readonly outputs: readonly gt.Tensor[];
  readonly gradients: readonly (gt.Tensor | gt.IndexedSlices | null)[];
}

/** A program in some mode, with variables of its own. */
export interface Runner {
  /** One step on the inputs of step number `i`. */
  step(i: number): Results;
  /** The values of the variables and of the optimizer's own. */
  state(): gt.Tensor[];
  /** Writes other numbers into the variables. */
  write(i: number): void;
}

/** Numbers for inputs and variables; those of inputs differ from step to step. */
export function dataFor(
  { inputs, variables, seed }: Pick<Program, "inputs" | "variables" | "seed">,
  step: number,
): { inputs: gt.EagerTensor[]; variables: gt.EagerTensor[] } {
  return {
    inputs: inputs.map((spec, i) => randomNumbers(spec, seed + (spec.closed ? 0 : 100 * step) + i)),
    variables: variables.map((spec, i) => randomNumbers(spec, seed + 50 + i)),
  };
}

/** Numbers to be written into the variables after step `i`. */
function othersFor({ variables, seed }: Program, i: number): gt.Tensor[] {
  return variables.map((spec, j) => randomNumbers(spec, seed + 100 * i + 70 + j));
}

const factors = [0.5, 2, -0.3, 0.1, 1, 1.7, -0];
const axes = [0, 1, -1];
const ids = [
  [0, 1, 1],
  [1, 0, 1],
  [0, 0, 0],
];

/** The plain numbers of a step, by name. */
export function numbersFor(seed: number, step: number): [string, Plain][] {
  const of = <T>(list: readonly T[]) => list[(seed + step) % list.length]!;
  return [
    ["k0", of(factors)],
    ["k1", of(axes)],
    ["k2", of(ids)],
  ];
}

/** The names of the plain numbers that a program uses. */
export function numbersOf({ calls }: Pick<Program, "calls">): string[] {
  const text = JSON.stringify(calls);
  return ["k0", "k1", "k2"].filter((name) => text.includes(`{"ref":"${name}"}`));
}

/** The program without what a graph has to know when it is built: an axis. */
export function withoutAxes(program: Program): Program {
  const left = program.calls.filter((call) => !numbersOf({ calls: [call] }).includes("k1"));
  const gone = program.calls.filter((call) => !left.includes(call)).map(({ to }) => to);
  return { ...program, calls: left, outputs: program.outputs.filter((name) => !gone.includes(name)) };
}

export function randomNumbers({ shape, dtype }: Spec, seed: number): gt.EagerTensor {
  const random = gt.generator(seed);
  if (dtype === "bool") return gt.greater(random.uniform([...shape], { low: -1, high: 1 }), 0) as gt.EagerTensor;
  const [low, high] = dtype === "int32" ? [-2, 6] : [-1.5, 1.5];
  return random.uniform([...shape], { low, high, dtype });
}

export const isRef = (argument: Argument): argument is Ref => typeof argument === "object" && "ref" in argument;

function argumentOf(argument: Argument, env: Env): unknown {
  if (typeof argument !== "object") return argument;
  if (Array.isArray(argument)) return argument.map((each) => argumentOf(each, env));
  if (isRef(argument)) return env.get(argument.ref)!;
  return Object.fromEntries(Object.entries(argument).map(([key, each]) => [key, argumentOf(each, env)]));
}

type Callable = (...args: unknown[]) => unknown;

/** Calls a function of the library, a class of it, or a method of a variable. */
export function perform(f: string, args: readonly Argument[], env: Env): unknown {
  const given = args.map((arg) => argumentOf(arg, env));
  const library = { ...gt, ...extras } as unknown as Record<string, Callable & Record<string, Callable>>;
  if (f.startsWith("new ")) return Reflect.construct(library[f.slice(4)]!, given);
  const [head, method] = f.split(".") as [string, string | undefined];
  if (method === undefined) return library[head]!(...given);
  const owner = (env.get(head) ?? library[head]) as unknown as Record<string, Callable>;
  return owner[method]!(...given);
}

/** Runs the calls of a program; the environment then knows all that was made. */
export function interpret({ calls }: Pick<Program, "calls">, env: Env): Env {
  for (const { to, f, args } of calls) env.set(to, perform(f, args, env) as gt.Tensor);
  return env;
}

export function envOf(
  inputs: readonly gt.Tensor[],
  variables: readonly (gt.Tensor | gt.Variable)[],
  numbers: readonly (readonly [string, gt.Tensor | Plain])[],
): Env {
  return new Map<string, gt.Tensor | gt.Variable | Plain>([
    ...numbers,
    ...inputs.map((input, i) => [`x${i}`, input] as const),
    ...variables.map((variable, i) => [`v${i}`, variable] as const),
  ]);
}

/** The sum of all that is to be differentiated. */
export function lossOf({ targets }: Program, env: Env): gt.Tensor {
  const sums = targets.map((name) => gt.sum(gt.cast(env.get(name) as gt.Tensor, "float32")));
  return gt.addN(sums);
}

const floating = ({ dtype }: Spec) => dtype === "float32" || dtype === "float64";

interface Parts {
  readonly variables: readonly gt.Variable[];
  readonly optimizer: gt.Optimizer;
  readonly options: { readonly globalStep?: gt.Variable };
}

/** Variables and an optimizer for a program, in the graph that is being built or in eager mode. */
export function partsOf(program: Program): Parts {
  const variables = dataFor(program, 0).variables.map((value, i) => new gt.Variable(value, { name: `v${i}` }));
  const { f, args } = program.optimizer;
  const optimizer = perform(`new ${f}`, args, new Map()) as gt.Optimizer;
  // Keras counts its steps by itself.
  const counts = f.endsWith("Optimizer") && program.seed % 2 === 0;
  const options = counts
    ? { globalStep: new gt.Variable(0, { dtype: "int32", trainable: false, name: "globalStep" }) }
    : {};
  return { variables, optimizer, options };
}

const sourcesOf = (program: Program, inputs: readonly gt.Tensor[], variables: readonly gt.Variable[]) => [
  ...inputs.filter((_, i) => floating(program.inputs[i]!)),
  ...variables.filter((_, i) => floating(program.variables[i]!)),
];

/**
 * Gradients by the tensors from outside, before any other use of them: a tape must record a tensor in the same way on its
 * first use and on later ones.
 */
function firstGradients(
  program: Program,
  inputs: readonly gt.Tensor[],
  variables: readonly gt.Variable[],
): gt.Tensor[] {
  const closed = inputs.filter((_, i) => program.inputs[i]!.closed && floating(program.inputs[i]!));
  return closed.flatMap((x) => {
    const partner = [...variables, ...inputs].find((each) => each !== x && each.dtype === x.dtype);
    if (partner === undefined) return [];
    const factor = gt.sum(partner);
    gt.mul(x, factor);
    return [gt.grad((v) => gt.sum(gt.mul(v, factor)))(x)];
  });
}

/** The gradients that belong to the variables which are trained. */
function pairsOf(program: Program, gradients: Results["gradients"], sources: readonly unknown[], parts: Parts) {
  return program.trained.map((name) => {
    const variable = parts.variables[Number(name.slice(1))]!;
    return [gradients[sources.indexOf(variable)]!, variable] as const;
  });
}

/** One step by tape, as eager mode and compiled functions take it. */
function stepByTape(
  program: Program,
  parts: Parts,
  inputs: readonly gt.Tensor[],
  numbers: readonly (readonly [string, Plain])[],
): Results {
  const { variables, optimizer, options } = parts;
  const env = envOf(inputs, variables, numbers);
  const outputs = () => program.outputs.map((name) => env.get(name) as gt.Tensor);
  if (program.update === "none") {
    interpret(program, env);
    return { outputs: outputs(), gradients: [] };
  }
  if (program.update === "minimize") {
    const varList = program.trained.map((name) => env.get(name) as gt.Variable);
    optimizer.minimize(() => lossOf(program, interpret(program, env)), { varList, ...options });
    return { outputs: outputs(), gradients: [] };
  }
  const sources = sourcesOf(program, inputs, variables);
  const { first, gradients } = gradientsByTape(program, env, inputs, variables);
  if (program.update === "applyGradients") {
    optimizer.applyGradients(pairsOf(program, gradients, sources, parts), options);
  }
  return { outputs: [...outputs(), ...first], gradients };
}

function gradientsByTape(program: Program, env: Env, inputs: readonly gt.Tensor[], variables: readonly gt.Variable[]) {
  const sources = sourcesOf(program, inputs, variables);
  const first = firstGradients(program, inputs, variables);
  const tape = new gt.GradientTape();
  tape.record(() => {
    tape.watch(inputs.filter((input) => sources.includes(input)));
    interpret(program, env);
  });
  const targets = program.targets.map((name) => env.get(name) as gt.Tensor);
  const gradients = sources.length === 0 ? [] : (tape.gradient(targets, sources) as Results["gradients"]);
  return { first, gradients };
}

/** Everything that a step may change, in an order that does not depend on names, which differ in graphs. */
function stateOf({ variables, optimizer, options }: Parts): gt.Variable[] {
  const slotNames = optimizer.getSlotNames();
  const slots = variables.flatMap((variable) => slotNames.flatMap((name) => optimizer.getSlot(variable, name) ?? []));
  const others = optimizer.variables().filter((variable) => !slots.includes(variable));
  return [...variables, ...(options.globalStep === undefined ? [] : [options.globalStep]), ...slots, ...others];
}

/** A learning rate for step `i`, each time of another kind. */
function rateFor({ seed }: Program, i: number): unknown {
  const rate = 0.05 + 0.01 * i;
  const kinds = [
    () => rate,
    () => gt.tensor(rate),
    () => () => rate,
    () => new gt.Variable(rate),
    () => () => gt.tensor(rate),
  ];
  return kinds[(seed + i) % kinds.length]!();
}

function runnerOf(
  program: Program,
  step: (parts: Parts, closed: readonly gt.Tensor[]) => (i: number) => Results,
): Runner {
  const parts = partsOf(program);
  const run = step(parts, dataFor(program, 0).inputs);
  return {
    step(i) {
      if (program.changes) Object.assign(parts.optimizer, { learningRate: rateFor(program, i) });
      return run(i);
    },
    // A copy: without it, writes to a variable would go to new memory, and results would not be tested against them.
    state: () => stateOf(parts).map(({ data, shape, dtype }) => gt.tensor(data, { shape: [...shape], dtype })),
    write: (i) => othersFor(program, i).forEach((value, j) => void parts.variables[j]!.assign(value)),
  };
}

export function eagerly(program: Program): Runner {
  return runnerOf(program, (parts, closed) => (i) => {
    const inputs = dataFor(program, i).inputs.map((input, j) => (program.inputs[j]!.closed ? closed[j]! : input));
    return stepByTape(program, parts, inputs, numbersFor(program.seed, i));
  });
}

export function compiled(program: Program): Runner {
  const names = numbersOf(program);
  const open = <T>(list: readonly T[]) => list.filter((_, j) => !program.inputs[j]!.closed);
  return runnerOf(program, (parts, closed) => {
    const step = gt.compile(
      (tensors: readonly gt.Tensor[], numbers: readonly Plain[]) => {
        const left = [...tensors];
        const inputs = closed.map((input, j) => (program.inputs[j]!.closed ? input : left.shift()!));
        return stepByTape(
          program,
          parts,
          inputs,
          numbers.map((number, j) => [names[j]!, number]),
        );
      },
      { name: "program" },
    );
    return (i) => {
      const numbers = new Map(numbersFor(program.seed, i));
      return step(
        open(dataFor(program, i).inputs),
        names.map((name) => numbers.get(name)!),
      );
    };
  });
}

/** In a session of a graph of its own, by `gt.gradients`. From its third run on a session runs a module. */
export function inSession(program: Program, decorate: (build: () => void) => void = (build) => build()): Runner {
  const graph = new gt.Graph();
  const names = numbersOf(program);
  const closed = dataFor(program, 0).inputs;
  return graph.asDefault(() => {
    const inputs = program.inputs.map(({ shape, dtype, closed: isClosed }, i) =>
      isClosed ? closed[i]! : gt.placeholder(dtype, [...shape], { name: `x${i}` }),
    );
    const numbers = names.map(
      (name) => [name, name === "k2" ? gt.placeholder("int32", [3]) : gt.placeholder("float32", [])] as const,
    );
    const parts = partsOf(program);
    const env = envOf(inputs, parts.variables, numbers);
    const sources = sourcesOf(program, inputs, parts.variables);
    let gradients: Results["gradients"] = [];
    let first: readonly gt.Tensor[] = [];
    // Results of plain ops on tensors from outside are in no graph, so a tape takes their gradients.
    const asked = program.inputs.some((input) => input.closed) && program.update.endsWith("radients");
    decorate(() => {
      if (asked) ({ first, gradients } = gradientsByTape(program, env, inputs, parts.variables));
      else interpret(program, env);
    });
    const updates: gt.Operation[] = [];
    if (program.update === "minimize") {
      const varList = program.trained.map((name) => env.get(name) as gt.Variable);
      updates.push(parts.optimizer.minimize(lossOf(program, env), { varList, ...parts.options })!);
    } else if (program.update !== "none" && sources.length > 0) {
      const targets = program.targets.map((name) => env.get(name) as gt.Tensor);
      if (!asked) gradients = gt.gradients(targets, sources);
      if (program.update === "applyGradients") {
        updates.push(parts.optimizer.applyGradients(pairsOf(program, gradients, sources, parts), parts.options)!);
      }
    }
    const set = parts.variables.map((variable) => {
      const value = gt.placeholder(variable.dtype, variable.shape);
      return { value, assigned: variable.assign(value) as gt.Tensor };
    });
    gt.verify(graph);
    const writes = program.calls.filter(({ f }) => /^v\d/.test(f)).map(({ to }) => env.get(to) as gt.Tensor);
    const fetches = {
      outputs: [...program.outputs.map((name) => env.get(name) as gt.Tensor), ...first],
      gradients: gradients.flatMap((g) =>
        g === null ? [] : g instanceof gt.IndexedSlices ? [g.values as gt.Tensor, g.indices as gt.Tensor] : [g],
      ),
      writes: [...writes, ...updates],
    };
    const session = new gt.Session({ graph });
    const variables = stateOf(parts);
    session.run(gt.variablesInitializer(variables));
    return {
      step(i) {
        const given = new Map(numbersFor(program.seed, i));
        const values = dataFor(program, i).inputs.map((value, j) => [inputs[j]!, value] as const);
        const feeds = [
          ...values.filter((_, j) => !program.inputs[j]!.closed),
          ...numbers.map(([name, tensor]) => [tensor, given.get(name) as gt.TensorLike] as const),
        ];
        const run = session.run(fetches, feeds) as { outputs: gt.Tensor[]; gradients: gt.Tensor[] };
        let at = 0;
        const packed = gradients.map((g) => {
          if (g === null) return null;
          if (!(g instanceof gt.IndexedSlices)) return run.gradients[at++]!;
          const [values, indices] = [run.gradients[at++]!, run.gradients[at++]!];
          return new gt.IndexedSlices(values, indices, g.denseShape);
        });
        return { outputs: run.outputs, gradients: packed };
      },
      state: () => session.run(variables) as gt.Tensor[],
      write(i) {
        const values = othersFor(program, i).map((value, j) => [set[j]!.value, value] as const);
        session.run(
          set.map(({ assigned }) => assigned),
          values,
        );
      },
    };
  });
}

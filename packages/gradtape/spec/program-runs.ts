import * as gt from "gradtape";
import type { Argument, Program, Ref, Spec } from "./programs.ts";

/* Programs in every mode: op by op, compiled, and in a session. */

export type Env = Map<string, gt.Tensor | gt.Variable>;

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
}

/** Numbers for inputs and variables; those of inputs differ from step to step. */
export function dataFor(
  { inputs, variables, seed }: Pick<Program, "inputs" | "variables" | "seed">,
  step: number,
): { inputs: gt.EagerTensor[]; variables: gt.EagerTensor[] } {
  return {
    inputs: inputs.map((spec, i) => randomNumbers(spec, seed + 100 * step + i)),
    variables: variables.map((spec, i) => randomNumbers(spec, seed + 50 + i)),
  };
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
  const library = gt as unknown as Record<string, Callable & Record<string, Callable>>;
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

export function envOf(inputs: readonly gt.Tensor[], variables: readonly (gt.Tensor | gt.Variable)[]): Env {
  return new Map([
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

/** The gradients that belong to the variables which are trained. */
function pairsOf(program: Program, gradients: Results["gradients"], sources: readonly unknown[], parts: Parts) {
  return program.trained.map((name) => {
    const variable = parts.variables[Number(name.slice(1))]!;
    return [gradients[sources.indexOf(variable)]!, variable] as const;
  });
}

/** One step by tape, as eager mode and compiled functions take it. */
function stepByTape(program: Program, parts: Parts, inputs: readonly gt.Tensor[]): Results {
  const { variables, optimizer, options } = parts;
  const env = envOf(inputs, variables);
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
  const tape = new gt.GradientTape();
  tape.record(() => {
    tape.watch(inputs.filter((input) => sources.includes(input)));
    interpret(program, env);
  });
  const targets = program.targets.map((name) => env.get(name) as gt.Tensor);
  const gradients = sources.length === 0 ? [] : (tape.gradient(targets, sources) as Results["gradients"]);
  if (program.update === "applyGradients") {
    optimizer.applyGradients(pairsOf(program, gradients, sources, parts), options);
  }
  return { outputs: outputs(), gradients };
}

/** Everything that a step may change, in an order that does not depend on names, which differ in graphs. */
function stateOf({ variables, optimizer, options }: Parts): gt.Variable[] {
  const slotNames = optimizer.getSlotNames();
  const slots = variables.flatMap((variable) => slotNames.flatMap((name) => optimizer.getSlot(variable, name) ?? []));
  const others = optimizer.variables().filter((variable) => !slots.includes(variable));
  return [...variables, ...(options.globalStep === undefined ? [] : [options.globalStep]), ...slots, ...others];
}

export function eagerly(program: Program): Runner {
  const parts = partsOf(program);
  return {
    step: (i) => stepByTape(program, parts, dataFor(program, i).inputs),
    state: () => stateOf(parts).map((variable) => variable.value()),
  };
}

export function compiled(program: Program): Runner {
  const parts = partsOf(program);
  const step = gt.compile((...inputs: gt.Tensor[]) => stepByTape(program, parts, inputs), { name: "program" });
  return {
    step: (i) => step(...dataFor(program, i).inputs),
    state: () => stateOf(parts).map((variable) => variable.value()),
  };
}

/** In a session of a graph of its own, by `gt.gradients`. From its third run on a session runs a module. */
export function inSession(program: Program, decorate: (build: () => void) => void = (build) => build()): Runner {
  const graph = new gt.Graph();
  return graph.asDefault(() => {
    const inputs = program.inputs.map(({ shape, dtype }, i) => gt.placeholder(dtype, [...shape], { name: `x${i}` }));
    const parts = partsOf(program);
    const env = envOf(inputs, parts.variables);
    decorate(() => interpret(program, env));
    const sources = sourcesOf(program, inputs, parts.variables);
    let gradients: Results["gradients"] = [];
    const updates: gt.Operation[] = [];
    if (program.update === "minimize") {
      const varList = program.trained.map((name) => env.get(name) as gt.Variable);
      updates.push(parts.optimizer.minimize(lossOf(program, env), { varList, ...parts.options })!);
    } else if (program.update !== "none" && sources.length > 0) {
      const targets = program.targets.map((name) => env.get(name)!);
      gradients = gt.gradients(targets, sources);
      if (program.update === "applyGradients") {
        updates.push(parts.optimizer.applyGradients(pairsOf(program, gradients, sources, parts), parts.options)!);
      }
    }
    gt.verify(graph);
    const writes = program.calls.filter(({ f }) => /^v\d/.test(f)).map(({ to }) => env.get(to) as gt.Tensor);
    const fetches = {
      outputs: program.outputs.map((name) => env.get(name) as gt.Tensor),
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
        const feeds = dataFor(program, i).inputs.map((value, j) => [inputs[j]!, value] as const);
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
    };
  });
}

import { type Attributes, type Operation, State, type SymbolicTensor } from "@gradtape/graph";
import {
  EagerTensor,
  type Form,
  formatShape,
  type Kernel,
  NotImplementedError,
  type Shape,
  sameShape,
  sizeOf,
  type Tensor,
  type TensorSpec,
  ValueError,
} from "@gradtape/tensor";
import { builtAt, described, type Program } from "../exporter.ts";
import { type Telling, tellings } from "./kernels.ts";
import { type ArrayLanguage, type ArrayValue, Refused } from "./language.ts";

/** A variable in a program: what it was before and what it is after a run. */
export interface Threaded {
  readonly name: string;
  readonly state: State;
  readonly before: ArrayValue;
  readonly after: ArrayValue;
}

/** A program in some array language: from variables and inputs to variables and outputs. */
export interface Translated {
  readonly states: readonly Threaded[];
  readonly inputs: readonly { readonly tensor: SymbolicTensor; readonly value: ArrayValue }[];
  readonly outputs: readonly { readonly tensor: SymbolicTensor; readonly value: ArrayValue }[];
}

export interface TranslateOptions {
  /** What errors call the engine. */
  readonly target: string;
  /** Values of variables by name, which become constants where nothing writes them. */
  readonly weights?: Readonly<Record<string, Tensor>>;
}

/**
 * Tells a program in the language that `begin` makes. Open extents of inputs that meet each other are taken to be
 * equal; that shows only where they meet, so the telling begins again then. Throws a NotImplementedError for the first
 * operation that cannot be told.
 */
export function translate<L extends ArrayLanguage>(
  program: Program,
  begin: () => L,
  options: TranslateOptions,
): Translated & { readonly language: L } {
  const equal = new Map<string, string>();
  for (;;) {
    const language = begin();
    try {
      const translation = new Translation(program, language, options, equal);
      for (const operation of program.operations) translation.tell(operation);
      return { language, ...translation.finish() };
    } catch (error) {
      if (!(error instanceof Meeting)) throw error;
      equal.set(error.one, error.other);
    }
  }
}

/** Two open extents that have to be equal. */
class Meeting extends Error {
  readonly one: string;
  readonly other: string;

  constructor(one: string, other: string) {
    super();
    this.one = one;
    this.other = other;
  }
}

class Translation {
  private readonly program: Program;
  private readonly language: ArrayLanguage;
  private readonly target: string;
  private readonly values = new Map<Tensor, ArrayValue>();
  private readonly before = new Map<State, ArrayValue>();
  private readonly present = new Map<State, ArrayValue>();

  constructor(
    program: Program,
    language: ArrayLanguage,
    { target, weights = {} }: TranslateOptions,
    equal: ReadonlyMap<string, string>,
  ) {
    this.program = program;
    this.language = language;
    this.target = target;
    const written = new Set(program.operations.flatMap(({ def, inputs }) => def.writes?.map((i) => inputs[i]) ?? []));
    for (const [state, name] of program.states) {
      const weight = written.has(state) ? undefined : weights[name];
      if (weight !== undefined) this.present.set(state, language.constant(weightFor(state, name, weight)));
      else this.before.set(state, language.argument(name, state.dtype, state.shape));
    }
    for (const [state, value] of this.before) this.present.set(state, value);
    const extents = new Map<string, number>();
    for (const tensor of program.inputs) {
      const shape = tensor.spec.shape.map((extent, axis) => {
        if (typeof extent === "number") return extent;
        let name = `${tensor.op.name}_${axis}`;
        for (let same = equal.get(name); same !== undefined; same = equal.get(name)) name = same;
        const known = extents.get(name) ?? language.open.make(name);
        extents.set(name, known);
        return known;
      });
      this.refusing(tensor.op, () => {
        this.values.set(tensor, language.argument(argumentName(tensor), tensor.dtype, shape));
      });
    }
  }

  tell(operation: Operation): void {
    const { def, inputs, attributes, outputs } = operation;
    if (outputs.length === 0 && def.writes === undefined) return; // it only stands for others
    if (outputs.length > 0 && outputs.every((output) => this.values.has(output))) return; // an input
    this.language.enter(operation.name);
    this.refusing(operation, () => {
      const values = inputs.map((input) => this.valueOf(input));
      const inferred = this.inferred(operation, values);
      const kernel = def.kernel(values, attributes, inferred);
      const results = this.known(operation, kernel, values, inferred) ?? this.told(kernel, values, inferred);
      if (def.writes === undefined) {
        for (const [i, output] of outputs.entries()) if (!this.values.has(output)) this.values.set(output, results[i]!);
      } else {
        for (const [i, value] of results.entries()) this.present.set(inputs[def.writes[i]!] as State, value);
      }
    });
  }

  finish(): Translated {
    const { inputs, outputs, states } = this.program;
    const tensors = outputs.filter((each) => "dtype" in each) as SymbolicTensor[];
    return {
      states: [...this.before].map(([state, before]) => ({
        name: states.get(state)!,
        ...{ state, before, after: this.present.get(state)! },
      })),
      inputs: inputs.map((tensor) => ({ tensor, value: this.values.get(tensor)! })),
      outputs: [...new Set(tensors)].map((tensor) => ({ tensor, value: this.values.get(tensor)! })),
    };
  }

  /** The shapes of the outputs. */
  private inferred({ def, attributes }: Operation, values: readonly TensorSpec[]): readonly TensorSpec[] {
    try {
      return def.infer(values, attributes);
    } catch (error) {
      const { open } = this.language;
      const extents = [...new Set(values.flatMap(({ shape }) => shape as Shape))];
      const met = extents.filter((extent) => open.isOpen(extent));
      const inferWith = (one: number, other: number) =>
        attempt(() => def.infer(withExtent(values, one, other), attributes));
      for (const one of met) {
        for (const other of met) {
          const [later, first] = [open.get(one), open.get(other)];
          if (one <= other || later?.bound !== undefined || later?.base !== undefined || !first) continue;
          if (inferWith(one, other) !== null) throw new Meeting(later!.name, first.name);
        }
      }
      if (met.length === 0) throw error;
      // An open extent may have to equal a number. When it may also be 1, this must change no shape.
      for (const one of met) {
        const numbers = [1, ...extents.filter((extent) => !open.isOpen(extent)), ...statedBy(attributes)];
        const [specs, ...others] = [...new Set(numbers)]
          .map((fixed) => inferWith(one, fixed))
          .filter((found) => found !== null);
        if (specs !== undefined && others.every((other) => sameShapes(other, specs))) return specs;
      }
      throw new Refused("its open extents fit in some runs only; give the placeholders numbers for them");
    }
  }

  private valueOf(input: Tensor | State): ArrayValue {
    if (input instanceof State) return this.present.get(input)!;
    if (input instanceof EagerTensor) return this.language.constant(input);
    return this.values.get(input)!;
  }

  /** What depends on constants alone is computed, where it is small or has no other form. */
  private known(
    { def }: Operation,
    kernel: Kernel,
    values: readonly ArrayValue[],
    specs: readonly TensorSpec[],
  ): readonly ArrayValue[] | null {
    const data = values.flatMap((value) => value.data ?? []);
    if (def.writes !== undefined || data.length < values.length || kernel.form?.kind === "view") return null;
    const sizes = specs.map(({ shape }) => sizeOf(shape.map((extent) => (typeof extent === "number" ? extent : 1))));
    const small = Math.max(0, ...sizes) <= Math.max(1, ...data.map(({ size }) => size));
    if (!small && kernel.form !== undefined) return null;
    return kernel.run(data, specs).map((made) => this.language.constant(made));
  }

  private told({ form }: Kernel, values: readonly ArrayValue[], specs: readonly TensorSpec[]): readonly ArrayValue[] {
    if (form === undefined) throw new Refused("it is no kernel of arrays, it can only be run here");
    const { open } = this.language;
    const shapes = specs.map(({ shape }) =>
      shape.map((extent) => {
        if (extent === null && form.kind === "unique") return -1;
        if (typeof extent !== "number" || open.isLost(extent)) throw new Refused("only the run tells its shape");
        return extent;
      }),
    );
    const taken = "takes" in form && form.takes !== undefined ? values.slice(0, form.takes) : values;
    const dtypes = specs.map(({ dtype }) => dtype);
    return (tellings[form.kind] as Telling<Form>)(this.language, form, taken, shapes, dtypes);
  }

  /** Runs `body`; what it refuses is told as an error that names the operation. */
  private refusing(operation: Operation, body: () => void): void {
    try {
      body();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      throw new NotImplementedError(
        `export to ${this.target}: ${described(operation)} cannot be written: ${error.message}${builtAt(operation)}`,
      );
    }
  }
}

function weightFor(state: State, name: string, weight: Tensor): EagerTensor {
  const fits = weight instanceof EagerTensor && weight.dtype === state.dtype && sameShape(weight.shape, state.shape);
  if (fits) return weight;
  throw new ValueError(
    `export: the variable ${name} is ${state.dtype}${formatShape(state.shape)}, the weight given for it ` +
      `${weight.dtype}${formatShape(weight.shape)}`,
  );
}

/** Specs in which the extent `one` is `other`. */
function withExtent(specs: readonly TensorSpec[], one: number, other: number): TensorSpec[] {
  return specs.map(({ dtype, shape }) => ({
    dtype,
    shape: shape.map((extent) => (extent === one ? other : extent)),
  }));
}

function sameShapes(a: readonly TensorSpec[], b: readonly TensorSpec[]): boolean {
  return a.every(({ shape }, i) => sameShape(shape, b[i]!.shape));
}

/** The numbers in the shape that attributes state. */
function statedBy({ shape }: Attributes): number[] {
  return Array.isArray(shape) ? shape.filter((extent) => typeof extent === "number" && extent >= 0) : [];
}

/** Returns the result of `body`; `null` when it throws. */
function attempt<T>(body: () => T): T | null {
  try {
    return body();
  } catch {
    return null;
  }
}

/** Why no array language can tell an operation, whatever surrounds it; `null` where one may. */
export function refusal({ def }: Operation): string | null {
  return def.allowsMissing ? "whether a variable has a value is known only to a session" : null;
}

/** What an input is called: the operation's name, with the number of the output where it is not the first. */
export function argumentName({ op, index }: SymbolicTensor): string {
  return index === 0 ? op.name : `${op.name}:${index}`;
}

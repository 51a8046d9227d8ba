import {
  compatible,
  type DType,
  explained,
  type Fields,
  isFloating,
  isStatic,
  located,
  map,
  type PartialShape,
  type Program,
  program,
  type Scalar,
  Signature,
  shapeMessage,
  string,
  type Tensor,
  type TensorSpec,
  named as titled,
  ValueError,
  wrongAxis,
} from "@gradtape/tensor";
import { apply } from "./apply.ts";
import { currentGraph, named } from "./context.ts";
import { checkOneDType } from "./operand.ts";
import type { Cotangent, Input, OpDef, OpRecord } from "./record.ts";
import { entry } from "./registry.ts";
import type { Spelling } from "./tensorflow.ts";

/** An op that can be called; `op` is its entry. */
export type Op<F extends (...args: any[]) => unknown> = Nameable<F> & { readonly op: OpDef };

/** A function whose last argument may be `{ name }`, unless it has options of its own that hold the name. */
type Nameable<F extends (...args: any[]) => unknown> =
  Required<Parameters<F>> extends [...unknown[], infer Last]
    ? "name" extends keyof Last
      ? F
      : F & ((...args: [...Parameters<F>, OpOptions]) => ReturnType<F>)
    : F;

/** What every op takes as the last of its options. */
export interface OpOptions {
  /** Name of the operation in a graph; that of the op when left out. */
  readonly name?: string;
}

/**
 * Joins a public function with the entry it applies. It takes `positions`, then `options`, and the option `name` besides;
 * `call` gets them in their places.
 */
/* @__NO_SIDE_EFFECTS__ */
export function defineOp<F extends (...args: any[]) => unknown>(
  def: OpDef,
  positions: Fields,
  options: Fields,
  call: F,
): Op<F> {
  const within: Within = (name, body) => named(def, name, body);
  return Object.assign(nameable(def.name, positions, options, call, within), { op: def }) as unknown as Op<F>;
}

/** A function made of several ops. The option `name` is that of their scope. */
/* @__NO_SIDE_EFFECTS__ */
export function composed<F extends (...args: any[]) => unknown>(
  name: string,
  positions: Fields,
  options: Fields,
  call: F,
): Nameable<F> {
  const within: Within = (scope, body) => currentGraph()?.nameScope(scope, body) ?? body();
  return nameable(name, positions, options, call, within) as Nameable<F>;
}

/** Runs a body whose operations have a name. */
type Within = (name: string, body: () => unknown) => unknown;

/** A public function that takes the option `name`. */
function nameable<F extends (...args: any[]) => unknown>(
  title: string,
  positions: Fields,
  options: Fields,
  call: F,
  within: Within,
): F {
  const signature = new Signature(title, positions, { ...options, name: string });
  const count = Object.keys(positions).length;
  const checked = (...args: unknown[]) => {
    try {
      const placed = signature.read(args);
      const name = (placed[count] as OpOptions | undefined)?.name;
      return name === undefined ? call(...placed) : within(name, () => call(...placed));
    } catch (error) {
      throw located(explained(title, error, args));
    }
  };
  return titled(checked as unknown as F, signature);
}

/** A function of one operand and an axis, which is given by position or by name. */
export interface AlongAxis<X, R, A = number> {
  (x: X, axis?: A | ({ readonly axis?: A } & OpOptions)): R;
  (x: X, axis: A | undefined, options?: OpOptions): R;
}

/** Which dtypes an op computes with. */
export type Domain = "floating" | "numeric" | "bool" | "any";

const domains: { readonly [D in Domain]: { holds(dtype: DType): boolean; words: string } } = {
  floating: { holds: isFloating, words: "float32 or float64" },
  numeric: { holds: (dtype) => dtype !== "bool", words: "a number dtype" },
  bool: { holds: (dtype) => dtype === "bool", words: "bool" },
  any: { holds: () => true, words: "any dtype" },
};

/** Throws a TypeError unless `dtype` lies in `domain`. */
export function checkDomain(op: string, dtype: DType, domain: Domain): void {
  if (!domains[domain].holds(dtype)) {
    throw new TypeError(`${op}: dtype ${dtype} is not supported, expected ${domains[domain].words}; cast the operand`);
  }
}

/** The shape that all operands have, as far as it is known. Throws a ValueError where they differ. */
function oneShape(op: string, operands: readonly TensorSpec[]): PartialShape {
  const { shape } = operands[0]!;
  for (let i = 1; i < operands.length; i++) {
    const other = operands[i]!.shape;
    if (compatible(shape, other)) continue;
    const shown = [
      { name: "operand 1", shape, wrong: wrongAxis(shape, other) },
      { name: `operand ${i + 1}`, shape: other, wrong: wrongAxis(other, shape) },
    ];
    throw new ValueError(shapeMessage(op, "operands need one shape; broadcast them first", shown));
  }
  if (isStatic(shape)) return shape;
  return shape.map(
    (extent, axis) => operands.find((each) => typeof each.shape[axis] === "number")?.shape[axis] ?? extent,
  );
}

/** The derivative of an elementwise op by one operand: cotangent `g`, operands `x`, result `y` last. */
export type Derivative = (g: Tensor, ...operandsAndResult: Tensor[]) => Cotangent | null;

export interface ElementwiseOptions {
  readonly domain?: Domain;
  /** How many leading operands are bool conditions, outside of the domain. */
  readonly conditions?: number;
  readonly sparse?: boolean;
  readonly tensorflow?: string | Spelling;
}

/**
 * The entry of an elementwise op: `meaning` in the kernel language, and the derivatives in the order of the operands.
 * Operands arrive with equal shapes.
 */
export function elementwise(
  name: string,
  meaning: (...operands: Scalar[]) => Scalar,
  derivatives: readonly (Derivative | null)[],
  { domain = "numeric", conditions = 0, sparse = false, tensorflow }: ElementwiseOptions = {},
): OpDef {
  const programOf = programsOf((types) => program(types, meaning), meaning.length);
  return entry({
    name,
    arity: meaning.length,
    sparse,
    infer(inputs) {
      for (let i = 0; i < inputs.length; i++) checkDomain(name, inputs[i]!.dtype, i < conditions ? "bool" : domain);
      checkOneDType(name, conditions === 0 ? inputs : inputs.slice(conditions));
      return [{ shape: oneShape(name, inputs), dtype: programOf(inputs).outputs[0]!.type }];
    },
    kernel: (inputs) => map(programOf(inputs)),
    gradient: derivatives.map(
      (derivative) => derivative && ((g, { inputs, outputs }) => derivative(g, ...(inputs as Tensor[]), outputs[0]!)),
    ),
    ...(tensorflow && { tensorflow: meaning.length > 1 ? broadcasting(tensorflow) : tensorflow }),
  });
}

/** The nodes of elementwise ops broadcast by themselves. */
function broadcasting(spelling: string | Spelling): Spelling {
  return typeof spelling === "string" ? { op: spelling, broadcasts: true } : { broadcasts: true, ...spelling };
}

/** Programs by the dtypes of `count` inputs. Those of one dtype, nearly all, are found without a list of dtypes. */
function programsOf(build: (types: readonly DType[]) => Program, count: number) {
  const mixed = programs(build);
  const uniform = new Map<DType, Program>();
  return (inputs: readonly TensorSpec[]): Program => {
    const { dtype } = inputs[0]!;
    for (let i = 1; i < count; i++) if (inputs[i]!.dtype !== dtype) return mixed(inputs.map((input) => input.dtype));
    let found = uniform.get(dtype);
    if (found === undefined) {
      found = mixed(inputs.map((input) => input.dtype));
      uniform.set(dtype, found);
    }
    return found;
  };
}

/** Programs by the dtypes of their inputs, each built once. */
export function programs(build: (types: readonly DType[]) => Program): (types: readonly DType[]) => Program {
  const built = new Map<string, Program>();
  return (types) => {
    const key = types.join();
    let found = built.get(key);
    if (found === undefined) {
      found = build(types);
      built.set(key, found);
    }
    return found;
  };
}

/** Applies an op with one output. */
export function applyOne(def: OpDef, inputs: readonly Input[], attributes: OpRecord["attributes"] = {}): Tensor {
  return apply(def, inputs, attributes)[0]!;
}

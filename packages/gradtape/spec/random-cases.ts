import { readFileSync } from "node:fs";
import * as gt from "../src/index.ts";
import { type Arguments, calls, optimizers } from "./random-case-ops.ts";

/* Random cases that TensorFlow computed (`fixtures/random-cases/write.py`), and what comes out of them here. */

/** A tensor as the fixture spells it: a letter for the dtype, the shape, the bytes in base64. */
type Text = string;
type SlicesText = { readonly i: Text; readonly v: Text };

export interface Case {
  readonly op: string;
  /** Arguments that are no tensors. */
  readonly a?: Arguments;
  readonly x: readonly Text[];
  readonly y: readonly Text[];
  /** The cotangents of the results. */
  readonly g?: readonly Text[];
  /** A gradient for each tensor. */
  readonly d?: readonly (Text | SlicesText | null)[];
}

export const cases = JSON.parse(
  readFileSync(new URL("./fixtures/random-cases/cases.json", import.meta.url), "utf8"),
) as readonly Case[];

const kinds = {
  f: { dtype: "float32", array: Float32Array },
  d: { dtype: "float64", array: Float64Array },
  i: { dtype: "int32", array: Int32Array },
  b: { dtype: "bool", array: Uint8Array },
} as const;

export function decoded(text: Text): gt.EagerTensor {
  const [extents, bytes] = text.slice(1).split(":") as [string, string];
  const { dtype, array } = kinds[text[0] as keyof typeof kinds];
  const { buffer } = Uint8Array.from(Buffer.from(bytes, "base64"));
  return gt.tensor(new array(buffer), { shape: extents === "" ? [] : extents.split(",").map(Number), dtype });
}

export function slicesOf({ i, v }: SlicesText): gt.IndexedSlices {
  return new gt.IndexedSlices(decoded(v), decoded(i));
}

/** A result of a case: a value, or the gradient by one operand; slices are two results. */
export interface Result {
  readonly name: string;
  /** The number of the operand, of a gradient. */
  readonly operand?: number;
  /** `null` where there is no gradient. */
  readonly value: gt.Tensor | null;
}

const valueResults = (ys: readonly gt.Tensor[]): Result[] => ys.map((value, i) => ({ name: `y${i}`, value }));

function gradientResults(gradients: readonly (gt.Tensor | gt.IndexedSlices | null)[]): Result[] {
  return gradients.flatMap((each, operand) => {
    const name = `d${operand}`;
    if (!(each instanceof gt.IndexedSlices)) return [{ name, operand, value: each }];
    return [
      { name: `${name} indices`, operand, value: each.indices },
      { name: `${name} values`, operand, value: each.values },
    ];
  });
}

const isFloat = ({ dtype }: gt.Tensor) => dtype === "float32" || dtype === "float64";
const listOf = (ys: gt.Tensor | readonly gt.Tensor[]) => (ys instanceof gt.Tensor ? [ys] : [...ys]);

/** Results for the operands `xs` and the cotangents `gs`: by a tape, or as tensors of the graph being built. */
export function results(c: Case, xs: gt.Tensor[], gs: readonly gt.Tensor[] | undefined): Result[] {
  const call = () => listOf(calls[c.op]!(xs, c.a));
  if (gs === undefined) return valueResults(call());
  if (!gt.executingEagerly()) {
    const ys = call();
    return [...valueResults(ys), ...gradientResults(gt.gradients(ys, xs, { gradYs: [...gs] }))];
  }
  const tape = new gt.GradientTape();
  const ys = tape.record(() => {
    tape.watch(xs.filter(isFloat));
    return call();
  });
  return [...valueResults(ys), ...gradientResults(tape.gradient(ys, xs, { outputGradients: [...gs] }))];
}

/** Results of TensorFlow. */
export function expectedOf({ a, op, y, d = [] }: Case): Result[] {
  const gradientOf = (each: Text | SlicesText) => (typeof each === "string" ? decoded(each) : slicesOf(each));
  const gradients = d.map((each) => (each === null ? null : gradientOf(each)));
  const slots = op === "optimizer" ? Object.entries<Text>(a.slots) : [];
  return [
    ...valueResults(y.map(decoded)),
    ...gradientResults(gradients),
    ...slots.map(([name, text]) => ({ name, value: decoded(text) })),
  ];
}

/** The variable and its slots after the steps of a case: eagerly, or in a graph, of which the third run is compiled. */
export function optimized({ a, x }: Case, graph: gt.Graph | null): Result[] {
  const { f, args, options, gradients, slots } = a;
  const given = gradients.map((each: Text | SlicesText) => (typeof each === "string" ? decoded(each) : slicesOf(each)));
  const optimizer = optimizers[f]!(args, options);
  const variable = new gt.Variable(decoded(x[0]!));
  const states = () => [variable, ...Object.keys(slots).map((name) => optimizer.getSlot(variable, name)!)];
  const names = ["y0", ...Object.keys(slots)];
  if (graph === null) {
    for (const each of given) optimizer.applyGradients([[each, variable]]);
    return states().map((state, i) => ({ name: names[i]!, value: state.value() }));
  }
  const sparse = given[0] instanceof gt.IndexedSlices;
  const values = gt.placeholder("float32", sparse ? [null, ...variable.shape.slice(1)] : variable.shape);
  const indices = gt.placeholder("int32", [null]);
  const gradient = sparse ? new gt.IndexedSlices(values, indices, variable.shape) : values;
  const train = optimizer.applyGradients([[gradient, variable]])!;
  const session = new gt.Session({ graph });
  session.run(gt.globalVariablesInitializer());
  for (const each of given) {
    session.run(
      train,
      sparse
        ? [
            [values, each.values],
            [indices, each.indices],
          ]
        : [[values, each]],
    );
  }
  return session.run(states()).map((value, i) => ({ name: names[i]!, value }));
}

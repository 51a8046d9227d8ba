import { broadcasted, type DType, type Form, linked, type Shape, sameShape, sizeOf } from "@gradtape/tensor";
import { arranged, assembled } from "./arrangement.ts";
import { evaluate, rowsOf } from "./expressions.ts";
import type { ArrayLanguage, ArrayValue } from "./language.ts";
import { gathered, rowsUpdated, segmentSummed } from "./rows.ts";

/** How a kernel is told: its new values, of the outputs or, where it writes, of its first inputs. */
export type Telling<F extends Form> = (
  language: ArrayLanguage,
  form: F,
  inputs: readonly ArrayValue[],
  shapes: readonly Shape[],
  dtypes: readonly DType[],
) => readonly ArrayValue[];

/** One telling for each kind of kernel. */
export const tellings: { readonly [K in Form["kind"]]: Telling<Extract<Form, { kind: K }>> } = {
  loops(language, { program, axes }, inputs, shapes) {
    const domain = { shape: inputs[0]!.shape, axes };
    const operands = inputs.map((input, i) =>
      program.inputs[i]!.level === "row" ? inShape(language, input, rowsOf(domain)) : input,
    );
    return evaluate(language, program, operands, domain).map((value, i) => inShape(language, value, shapes[i]!));
  },
  chain: (language, form, inputs) => {
    const domain = { shape: inputs[0]!.shape, axes: [] };
    return [linked(form, inputs, (program, operands) => evaluate(language, program, operands, domain)[0]!)];
  },
  view: (language, { arrange }, [x], [shape]) => [arranged(language, x!, arrange, shape!)],
  update(language, { program }, inputs) {
    const { shape } = inputs[0]!;
    const operands = inputs.map((input) =>
      sameShape(input.shape, shape) ? input : arranged(language, input, broadcasted, shape),
    );
    return evaluate(language, program, operands, { shape, axes: [] });
  },
  updateRows: (language, form, inputs) => rowsUpdated(language, form, inputs),
  gather: (language, form, [params, ids], [shape]) => [gathered(language, form, params!, ids!, shape!)],
  segmentSum: (language, form, [data, ids], [shape]) => [segmentSummed(language, form, data!, ids!, shape!)],
  assemble: (language, { place }, inputs, [shape]) => [assembled(language, inputs, place, shape!)],
  product: (language, _, [a, b], [shape]) => [language.product(a!, b!, shape!)],
  count(language, { axes }, [x], _, [dtype]) {
    const { open } = language;
    const extents = axes.map((axis) => x!.shape[axis]!);
    const known = sizeOf(extents.filter((extent) => !open.isOpen(extent)));
    return [
      extents
        .filter((extent) => open.isOpen(extent))
        .map((extent) => language.elementwise("cast", dtype!, [language.extent(extent)]))
        .reduce(
          (product, extent) => language.elementwise("mul", dtype!, [product, extent]),
          language.filled(known, dtype!, []),
        ),
    ];
  },
  unique(language, _, [x]) {
    const { values, positions } = language.unique(x!);
    return [{ ...values, distinct: true }, positions];
  },
};

function inShape(language: ArrayLanguage, value: ArrayValue, shape: Shape): ArrayValue {
  return sameShape(value.shape, shape) ? value : language.reshaped(value, shape);
}

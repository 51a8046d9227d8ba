import { checkRowsMatch, type OpDef, programs } from "@gradtape/graph";
import {
  formatShape,
  InvalidArgumentError,
  isFloating,
  program,
  type Scalar,
  sameShape,
  type TensorSpec,
  update,
  updateRows,
} from "@gradtape/tensor";

/** The values of one element: the variable and its slots, by name. */
export type Values = { readonly [name: string]: Scalar };

/** One step for one element, in the kernel language: the new values from the old, the hyper-parameters and the gradient. */
export type Step = (states: Values, hyper: Values, gradient: Scalar) => Values;

/** An update rule as an optimizer writes it down. */
export interface RuleDescription {
  /** Name of the algorithm, as kernels are called: `RMSProp`. */
  readonly name: string;
  /** The slots with their initial values, in the order of creation. */
  readonly slots: { readonly [name: string]: number };
  /** The hyper-parameters, fields of the optimizer, in the order in which they are read. */
  readonly hyper: readonly string[];
  /** The step for a dense gradient, for every element. */
  readonly dense: Step;
  /** The step for the rows that a sparse gradient names, repeated rows already added up. */
  readonly sparse: Step;
}

/** An update rule and the two ops made of it. Their inputs: variable, slots, hyper-parameters, gradient (, indices). */
export interface UpdateRule extends RuleDescription {
  readonly applyDense: OpDef;
  readonly applySparse: OpDef;
}

export function updateRule(rule: RuleDescription): UpdateRule {
  return { ...rule, applyDense: denseOp(rule), applySparse: sparseOp(rule) };
}

/** The programs of a step, by the dtypes of its operands. */
function stepPrograms({ slots, hyper }: RuleDescription, step: Step) {
  const states = ["variable", ...Object.keys(slots)];
  return programs((types) =>
    program(types, (...operands) => {
      const named = (names: readonly string[], first: number): Values =>
        Object.fromEntries(names.map((name, i) => [name, operands[first + i]!]));
      const next = step(named(states, 0), named(hyper, states.length), operands[operands.length - 1]!);
      return states.map((name) => next[name]!);
    }),
  );
}

function denseOp(rule: RuleDescription): OpDef {
  const op = `apply${rule.name}`;
  const programOf = stepPrograms(rule, rule.dense);
  return {
    name: op,
    ...stateful(rule),
    infer(inputs) {
      const gradient = inputs[inputs.length - 1]!;
      checkOperands(op, rule, inputs, gradient);
      if (!sameShape(inputs[0]!.shape, gradient.shape)) {
        throw new InvalidArgumentError(
          `${op}: the gradient must have the shape of the variable, nothing is broadcast;\n` +
            `  variable ${formatShape(inputs[0]!.shape)}\n  gradient ${formatShape(gradient.shape)}`,
        );
      }
      return [];
    },
    kernel: (inputs) => update(programOf(inputs.map(({ dtype }) => dtype))),
  };
}

function sparseOp(rule: RuleDescription): OpDef {
  const op = `sparseApply${rule.name}`;
  const programOf = stepPrograms(rule, rule.sparse);
  return {
    name: op,
    ...stateful(rule),
    infer(inputs) {
      const [values, indices] = inputs.slice(-2) as [TensorSpec, TensorSpec];
      checkOperands(op, rule, inputs.slice(0, -1), values);
      checkRowsMatch(op, inputs[0]!, values, indices);
      return [];
    },
    kernel: (inputs) => updateRows(op, programOf(inputs.slice(0, -1).map(({ dtype }) => dtype))),
  };
}

function stateful({ slots }: RuleDescription): Pick<OpDef, "writes" | "gradient"> {
  const states = Object.keys(slots).length + 1;
  return { writes: Array.from({ length: states }, (_, i) => i), gradient: [] };
}

function checkOperands(
  op: string,
  { slots, hyper }: RuleDescription,
  inputs: readonly TensorSpec[],
  gradient: TensorSpec,
): void {
  const { dtype } = inputs[0]!;
  if (!isFloating(dtype))
    throw new TypeError(`${op}: cannot update a variable of dtype ${dtype}; use float32 or float64`);
  if (gradient.dtype !== dtype) {
    throw new TypeError(`${op}: the variable is ${dtype}, the gradient ${gradient.dtype}; cast the gradient`);
  }
  hyper.forEach((name, i) => {
    const { shape } = inputs[1 + Object.keys(slots).length + i]!;
    if (shape.length > 0)
      throw new InvalidArgumentError(`${op}: ${name} is not a scalar, it has shape ${formatShape(shape)}`);
  });
}

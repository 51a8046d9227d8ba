import {
  checkRowsMatch,
  entry,
  type NodeAttribute,
  type OpDef,
  type Phrase,
  programs,
  type Spelling,
  type Taken,
  tensorflow,
} from "@gradtape/graph";
import {
  boolean,
  compatible,
  type DType,
  formatShape,
  InvalidArgumentError,
  isFloating,
  program,
  type Scalar,
  sameShape,
  shapeMessage,
  type TensorSpec,
  update,
  updateRows,
  withoutSubnormals,
  wrongAxis,
} from "@gradtape/tensor";

/** The values of one element: the variable and its slots, by name. */
export type Values = { readonly [name: string]: Scalar };

/** One step for one element, in the kernel language: the new values from the old, the hyper-parameters and the gradient. */
export type Step = (states: Values, hyper: Values, gradient: Scalar) => Values;

/** An update rule as an optimizer writes it down. */
export interface RuleDescription {
  /** Name of the algorithm, as kernels are called: `RMSProp`. */
  readonly name: string;
  /** The slots in the order of creation, with what fills them: a number, or the field of the optimizer that holds it. */
  readonly slots: { readonly [name: string]: number | string };
  /** The hyper-parameters, fields of the optimizer, in the order in which they are read. */
  readonly hyper: readonly string[];
  /** Those of them whose plain numbers keep their digits for float64 variables, instead of going through float32. */
  readonly exact?: readonly string[];
  /**
   * Scalars that the optimizer keeps besides its slots and multiplies by a hyper-parameter after every step; they begin
   * at it. The steps find them among the hyper-parameters.
   */
  readonly powers?: { readonly [name: string]: string };
  /** The step for a dense gradient, for every element. */
  readonly dense: Step;
  /** The step for a sparse gradient. */
  readonly sparse: Step;
  /** The same where a row is one element, if its order of operations differs there. */
  readonly sparseSingle?: Step;
  /**
   * What a sparse step touches: the named rows, with repeated ones added up first ("merged", the default) or each in
   * turn ("repeated"); or every row, with zeros for the gradient of those not named ("all").
   */
  readonly sparseRows?: "merged" | "repeated" | "all";
  /** The kernels of TensorFlow that do the same, where it has them. */
  readonly tensorflow?: { readonly dense?: Kernels; readonly sparse?: Kernels | Phrase };
}

/** An op for resource variables (reference variables have it without `Resource`), and what it takes if not our inputs. */
interface Kernels {
  readonly op: string;
  readonly takes?: readonly Taken[];
  /** Flags of the kernel. */
  readonly flags?: { readonly [name: string]: boolean };
  /** An older kernel, which lacks some inputs: what they are for it. */
  readonly older?: Pick<Spelling, "op" | "takes" | "supplied">;
}

/** An update rule and the ops made of it. Their inputs: variable, slots, hyper-parameters, powers, gradient (, indices). */
export interface UpdateRule extends RuleDescription {
  readonly applyDense: OpDef;
  readonly applySparse: OpDef;
}

export function updateRule(rule: RuleDescription): UpdateRule {
  const applySparse =
    rule.sparseRows === "all"
      ? denseOp(`sparseApply${rule.name}`, rule, rule.sparse, {})
      : sparseOp(`sparseApply${rule.name}`, rule);
  const facet = kernelFacet(rule, rule.tensorflow?.dense, {});
  return { ...rule, applyDense: denseOp(`apply${rule.name}`, rule, rule.dense, facet), applySparse };
}

const scalarNames = ({ hyper, powers = {} }: RuleDescription) => [...hyper, ...Object.keys(powers)];

/** The programs of a step, by the dtypes of its operands: as it is written, and as TensorFlow runs it. */
function stepPrograms(rule: RuleDescription, step: Step) {
  const states = ["variable", ...Object.keys(rule.slots)];
  const scalars = scalarNames(rule);
  const written = programs((types) =>
    program(types, (...operands) => {
      const named = (names: readonly string[], first: number): Values =>
        Object.fromEntries(names.map((name, i) => [name, operands[first + i]!]));
      const next = step(named(states, 0), named(scalars, states.length), operands[operands.length - 1]!);
      return states.map((name) => next[name]!);
    }),
  );
  const run = programs((types) => withoutSubnormals(written(types)));
  return (types: readonly DType[]) => [written(types), run(types)] as const;
}

function kernelFacet(
  rule: RuleDescription,
  kernels: Kernels | Phrase | undefined,
  types: { readonly [name: string]: NodeAttribute },
): Pick<OpDef, "tensorflow"> {
  if (kernels === undefined) return {};
  if (typeof kernels === "function") return { tensorflow: kernels };
  const flags = Object.entries(kernels.flags ?? {}).map(([flag, on]) => [flag, tensorflow.always("bool", on)] as const);
  const locking = tensorflow.same("bool", "useLocking");
  const inputs = 1 + Object.keys(rule.slots).length + scalarNames(rule).length + 1 + Object.keys(types).length;
  const { op, takes = Array.from({ length: inputs }, (_, i) => i) } = kernels;
  const attributes = { T: tensorflow.dtypeOf(0), ...types, use_locking: locking };
  const newest = { op, takes, attributes: { ...attributes, ...Object.fromEntries(flags) } };
  return { tensorflow: kernels.older === undefined ? newest : [newest, { ...kernels.older, attributes }] };
}

function denseOp(op: string, rule: RuleDescription, step: Step, facet: Pick<OpDef, "tensorflow">): OpDef {
  const programOf = stepPrograms(rule, step);
  return entry({
    name: op,
    ...stateful(rule, 1),
    infer(inputs) {
      const gradient = inputs[inputs.length - 1]!;
      checkOperands(op, rule, inputs, gradient);
      if (!compatible(inputs[0]!.shape, gradient.shape)) {
        throw new InvalidArgumentError(
          shapeMessage(op, "the gradient must have the shape of the variable, nothing is broadcast", [
            { name: "variable", shape: inputs[0]!.shape },
            { name: "gradient", shape: gradient.shape, wrong: wrongAxis(gradient.shape, inputs[0]!.shape) },
          ]),
        );
      }
      return [];
    },
    kernel: (inputs) => update(...programOf(inputs.map(({ dtype }) => dtype))),
    ...facet,
  });
}

function sparseOp(op: string, rule: RuleDescription): OpDef {
  const programOf = stepPrograms(rule, rule.sparse);
  const indices = 1 + Object.keys(rule.slots).length + scalarNames(rule).length + 1;
  const programOfSingle = rule.sparseSingle ? stepPrograms(rule, rule.sparseSingle) : programOf;
  return entry({
    name: op,
    ...stateful(rule, 2),
    infer(inputs) {
      const [values, indices] = inputs.slice(-2) as [TensorSpec, TensorSpec];
      checkOperands(op, rule, inputs.slice(0, -1), values);
      checkRowsMatch(op, inputs[0]!, values, indices);
      return [];
    },
    kernel(inputs) {
      const single = inputs[0]!.shape.slice(1).every((extent) => extent === 1);
      const types = inputs.slice(0, -1).map(({ dtype }) => dtype);
      return updateRows(op, ...(single ? programOfSingle(types) : programOf(types)));
    },
    tensorflow: { refused: "TensorFlow has no kernel that updates single rows by this rule" },
    ...kernelFacet(rule, rule.tensorflow?.sparse, { Tindices: tensorflow.dtypeOf(indices) }),
  });
}

/** Fields that both ops of a rule share; `gradients` is 1 for a dense gradient, 2 for values and indices. */
function stateful(rule: RuleDescription, gradients: 1 | 2) {
  const states = ["variable", ...Object.keys(rule.slots)];
  const fixed = [...states, ...scalarNames(rule)];
  return {
    arity: fixed.length + gradients,
    attributes: { useLocking: boolean },
    writes: states.map((_, i) => i),
    inputNames: [...fixed, "gradient", "indices"],
  } satisfies Partial<OpDef>;
}

function checkOperands(op: string, rule: RuleDescription, inputs: readonly TensorSpec[], gradient: TensorSpec): void {
  const { dtype } = inputs[0]!;
  if (!isFloating(dtype))
    throw new TypeError(`${op}: cannot update a variable of dtype ${dtype}; use float32 or float64`);
  if (gradient.dtype !== dtype) {
    throw new TypeError(`${op}: the variable is ${dtype}, the gradient ${gradient.dtype}; cast the gradient`);
  }
  const slots = Object.keys(rule.slots);
  for (const [i, name] of slots.entries()) {
    const slot = inputs[1 + i]!;
    if (slot.dtype !== dtype) throw new TypeError(`${op}: the variable is ${dtype}, its slot ${name} ${slot.dtype}`);
    if (sameShape(slot.shape, inputs[0]!.shape)) continue;
    throw new InvalidArgumentError(
      shapeMessage(op, `the slot ${name} must have the shape of the variable`, [
        { name: "variable", shape: inputs[0]!.shape },
        { name, shape: slot.shape, wrong: wrongAxis(slot.shape, inputs[0]!.shape) },
      ]),
    );
  }
  for (const [i, name] of scalarNames(rule).entries()) {
    const scalar = inputs[1 + slots.length + i]!;
    if (scalar.dtype !== dtype)
      throw new TypeError(`${op}: the variable is ${dtype}, ${name} ${scalar.dtype}; cast it`);
    if (scalar.shape.length > 0)
      throw new InvalidArgumentError(`${op}: ${name} is not a scalar, it has shape ${formatShape(scalar.shape)}`);
  }
}

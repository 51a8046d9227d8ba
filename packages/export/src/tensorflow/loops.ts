import { type OpRecord, type Phrase, State, type Wire } from "@gradtape/graph";
import type { DType, Scalar } from "@gradtape/tensor";

/* Updates that are no kernel of TensorFlow, told element by element from what they mean in the kernel language. */

/** The nodes of instructions; those with no attribute `T` are told as such. */
const instructions: { readonly [op: string]: string } = {
  add: "AddV2",
  sub: "Sub",
  mul: "Mul",
  div: "RealDiv",
  min: "Minimum",
  max: "Maximum",
  lt: "Less",
  le: "LessEqual",
  eq: "Equal",
  ne: "NotEqual",
  neg: "Neg",
  abs: "Abs",
  sqrt: "Sqrt",
  floor: "Floor",
};
const ofBooleans: { readonly [op: string]: string } = { and: "LogicalAnd", or: "LogicalOr", not: "LogicalNot" };

/** What an update writes, with every variable read before any is written. `null` for anything else. */
export const updateInLoops: Phrase = (nodes, record) => {
  const { def, inputs, attributes } = record;
  const { form } = def.kernel(
    inputs.map((input) => input.spec),
    attributes,
    [],
  );
  // A reference is read where it is used, so that it may have been written by then.
  if (form?.kind !== "update" || !nodes.resources) return null;
  const operands = inputs.map((_, i) => nodes.input(i));
  const made = new Map<Scalar, Wire>();
  const wireOf = (scalar: Scalar): Wire | null => {
    const known = made.get(scalar) ?? tell(scalar);
    if (known !== null) made.set(scalar, known);
    return known;
  };
  const tell = ({ op, type, value, args }: Scalar): Wire | null => {
    if (op === "input") return operands[value!]!;
    if (op === "constant") return nodes.constant(value!, type);
    const given = args.map(wireOf);
    if (given.includes(null)) return null;
    const wires = given as Wire[];
    const is = (dtype: DType) => ({ kind: "type", is: dtype }) as const;
    if (op === "select") return nodes.node("SelectV2", wires, { T: is(type) });
    if (op === "cast") return nodes.node("Cast", wires, { SrcT: is(args[0]!.type), DstT: is(type) });
    if (op in instructions) return nodes.node(instructions[op]!, wires, { T: is(args[0]!.type) });
    return op in ofBooleans && type === "bool" ? nodes.node(ofBooleans[op]!, wires, {}) : null;
  };
  const values = form.program.outputs.map(wireOf);
  if (values.includes(null)) return null;
  const reads = operands.filter((_, i) => inputs[i] instanceof State);
  return values.map((value, i) => assigned(nodes, record, i, value!, reads));
};

function assigned(
  nodes: Parameters<Phrase>[0],
  { inputs }: OpRecord,
  i: number,
  value: Wire,
  reads: readonly Wire[],
): Wire {
  const dtype = { kind: "type", is: inputs[i]!.dtype } as const;
  return nodes.node("AssignVariableOp", [nodes.handle(i), value], { dtype }, reads);
}

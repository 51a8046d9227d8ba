import type { Combine, Instruction } from "../arrays/language.ts";

/**
 * The ONNX operator for each thing done to elements; what takes more than one is made in program.ts. What is not here
 * is spelled out by the kernel language, or cannot be said: opset 17 knows no bits.
 */
export const operators: { readonly [I in Instruction]?: string } = {
  add: "Add",
  sub: "Sub",
  mul: "Mul",
  div: "Div",
  min: "Min",
  max: "Max",
  pow: "Pow",
  and: "And",
  or: "Or",
  not: "Not",
  neg: "Neg",
  abs: "Abs",
  sqrt: "Sqrt",
  floor: "Floor",
  exp: "Exp",
  log: "Log",
  tanh: "Tanh",
  sigmoid: "Sigmoid",
  sin: "Sin",
  cos: "Cos",
  select: "Where",
  cast: "Cast",
  lt: "Less",
  le: "LessOrEqual",
  eq: "Equal",
  ne: "Equal",
};

/** The operator that joins along axes. Booleans are joined as the numbers 0 and 1. */
export const reductions: { readonly [C in Combine]: string } = {
  add: "ReduceSum",
  mul: "ReduceProd",
  min: "ReduceMin",
  max: "ReduceMax",
  and: "ReduceMin",
  or: "ReduceMax",
};

import { scalar as k, type Scalar } from "@gradtape/tensor";

/* Kernel expressions as the compiler handles them: put together, cleaned up without changing a bit, and named. */

/**
 * Limits of one loop. More operands leave the machine without registers. The time to compile a loop grows faster than the
 * loop; with these limits the time to compile a chain grows only as the chain does.
 */
const MOST_OPERANDS = 24;
const MOST_OPERATIONS = 512;

/** True when a loop of so many operations over so many operands is within these limits. */
export function fitsLoop(operations: number, operands: number): boolean {
  return operands <= MOST_OPERANDS && operations <= MOST_OPERATIONS;
}

/** The expression with some of its nodes replaced. */
export function substitute(
  node: Scalar,
  replace: (leaf: Scalar) => Scalar | undefined,
  done = new Map<Scalar, Scalar>(),
): Scalar {
  const known = done.get(node);
  if (known !== undefined) return known;
  const direct = replace(node);
  const args = direct === undefined ? node.args.map((arg) => substitute(arg, replace, done)) : [];
  const changed = args.some((arg, i) => arg !== node.args[i]);
  const result = direct ?? (changed ? simplify({ ...node, args }) : node);
  done.set(node, result);
  return result;
}

/** Expressions with `inputs[i]` in place of `input(i)`. */
export function replaceInputs(expressions: readonly Scalar[], inputs: readonly Scalar[]): Scalar[] {
  const done = new Map<Scalar, Scalar>();
  const replace = (leaf: Scalar) => (leaf.op === "input" ? inputs[leaf.value!] : undefined);
  return expressions.map((each) => substitute(each, replace, done));
}

const isConstant = (node: Scalar | undefined, value: number) => node?.op === "constant" && Object.is(node.value, value);

/** The same value, bit for bit, by fewer operations; NaNs stay NaNs. */
export function simplify(node: Scalar): Scalar {
  const [a, b, c] = node.args;
  switch (node.op) {
    case "mul":
      if (isConstant(b, 1)) return a!;
      if (isConstant(a, 1)) return b!;
      break;
    case "div":
      if (isConstant(b, 1)) return a!;
      break;
    case "add":
      if (isConstant(b, -0)) return a!;
      if (isConstant(a, -0)) return b!;
      if (node.type === "int32" && isConstant(b, 0)) return a!;
      break;
    case "sub":
      if (isConstant(b, 0)) return a!;
      break;
    case "select":
      if (a!.op === "constant") return a!.value !== 0 ? b! : c!;
      if (b === c) return b!;
      break;
    case "neg":
    case "not":
      if (a!.op === node.op) return a!.args[0]!;
      break;
    case "cast":
      if (a!.type === node.type) return a!;
      break;
  }
  return node.args.length > 0 && node.args.every(({ op }) => op === "constant") ? (evaluated(node) ?? node) : node;
}

const float32: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: Math.min,
  max: Math.max,
  neg: (a) => -a,
  abs: Math.abs,
  sqrt: Math.sqrt,
};
const predicates: Record<string, (a: number, b: number) => boolean> = {
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
};

/** The value of an operation on constants, for those whose meaning is the same wherever it is computed. */
function evaluated(node: Scalar): Scalar | null {
  const [a, b] = node.args.map(({ value }) => value!) as [number, number];
  const holds = predicates[node.op];
  if (holds !== undefined) return k.constant(holds(a, b) ? 1 : 0, "bool");
  if (node.op === "cast" && node.args[0]!.type === "bool") return k.constant(a, node.type);
  const compute = node.type === "float32" ? float32[node.op] : undefined;
  return compute === undefined ? null : k.constant(compute(a, b), "float32");
}

/** A text that is the same for expressions that compute the same in the same way. */
export function expressionKey(nodes: readonly Scalar[]): string {
  const numbers = new Map<Scalar, number>();
  const texts: string[] = [];
  const visit = (node: Scalar): number => {
    const known = numbers.get(node);
    if (known !== undefined) return known;
    const args = node.args.map(visit);
    const number = texts.length;
    numbers.set(node, number);
    const value = node.value === undefined ? "" : Object.is(node.value, -0) ? "-0" : node.value;
    texts.push(`${node.op}${node.combine ?? ""}:${node.type}:${value}(${args})`);
    return number;
  };
  const roots = nodes.map(visit);
  return `${texts.join(";")}=>${roots}`;
}

/** The same expressions, in which what is computed twice in the same way is one node. */
export function canonical(nodes: readonly Scalar[]): Scalar[] {
  const numbers = new Map<Scalar, number>();
  const known = new Map<string, Scalar>();
  const done = new Map<Scalar, Scalar>();
  const visit = (node: Scalar): Scalar => {
    const found = done.get(node);
    if (found !== undefined) return found;
    const args = node.args.map(visit);
    const value = Object.is(node.value, -0) ? "-0" : node.value;
    const key = `${node.op} ${node.combine} ${node.type} ${value} ${args.map((arg) => numbers.get(arg))}`;
    let one = known.get(key);
    if (one === undefined) {
      one = args.every((arg, i) => arg === node.args[i]) ? node : { ...node, args };
      known.set(key, one);
      numbers.set(one, numbers.size);
    }
    done.set(node, one);
    return one;
  };
  return nodes.map(visit);
}

/** How many operations an element costs. */
export function operationCount(nodes: readonly Scalar[]): number {
  const seen = new Set<Scalar>();
  const visit = (node: Scalar): number => {
    if (seen.has(node)) return 0;
    seen.add(node);
    const own = node.op === "input" || node.op === "constant" ? 0 : 1;
    return node.args.reduce((sum, arg) => sum + visit(arg), own);
  };
  return nodes.reduce((sum, node) => sum + visit(node), 0);
}

/** The inputs that expressions read, by number. */
export function inputsOf(nodes: readonly Scalar[]): Set<number> {
  const found = new Set<number>();
  const seen = new Set<Scalar>();
  const visit = (node: Scalar): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.op === "input") found.add(node.value!);
    node.args.forEach(visit);
  };
  nodes.forEach(visit);
  return found;
}

/** True where an expression joins elements of a row, or asks where in the row it is. */
export function folds(nodes: readonly Scalar[]): boolean {
  const seen = new Set<Scalar>();
  const visit = (node: Scalar): boolean => {
    if (seen.has(node)) return false;
    seen.add(node);
    return node.op === "fold" || node.op === "index" || node.op === "extent" || node.args.some(visit);
  };
  return nodes.some(visit);
}

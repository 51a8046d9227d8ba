import { scalar as k, type Scalar } from "@gradtape/tensor";

/*
 * The kernel language spells functions of float32 out in elementary arithmetic. An engine has such functions of its
 * own; so they are found again, by comparing an expression with what the kernel language would have made of the
 * function.
 */

const spelled = {
  exp: k.exp,
  log: k.log,
  log1p: k.log1p,
  tanh: k.tanh,
  sigmoid: k.sigmoid,
  softplus: k.softplus,
  sin: k.sin,
  cos: k.cos,
  pow: k.pow,
} as const;

/** A function that the kernel language spells out. */
export type FunctionName = keyof typeof spelled;

const holes = [k.input(-1, "float32"), k.input(-2, "float32")] as const;

const patterns = (Object.entries(spelled) as [FunctionName, (...args: Scalar[]) => Scalar][]).map(([name, spell]) => ({
  name,
  pattern: spell(...holes.slice(0, spell.length)),
}));

/** A call of a function. */
export interface Call {
  readonly name: FunctionName;
  readonly args: readonly Scalar[];
}

/** The calls that `node` may be the expression of, those with the largest expressions first. */
export function callsOf(node: Scalar): Call[] {
  if (node.type !== "float32" || node.args.length === 0) return [];
  return patterns.flatMap(({ name, pattern }) => {
    const found = new Map<Scalar, Scalar>();
    if (!matches(pattern, node, found)) return [];
    return { name, args: holes.flatMap((hole) => found.get(hole) ?? []) };
  });
}

/** Whether `node` is `pattern` with something in place of the holes, shared parts shared. `found` collects what. */
function matches(pattern: Scalar, node: Scalar, found: Map<Scalar, Scalar>): boolean {
  const before = found.get(pattern);
  if (before !== undefined) return before === node;
  found.set(pattern, node);
  if ((holes as readonly Scalar[]).includes(pattern)) return pattern.type === node.type;
  return (
    pattern.op === node.op &&
    pattern.type === node.type &&
    Object.is(pattern.value, node.value) &&
    pattern.combine === node.combine &&
    pattern.args.every((arg, i) => matches(arg, node.args[i]!, found))
  );
}

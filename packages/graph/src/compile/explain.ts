import { formatShape, type Scalar } from "@gradtape/tensor";
import { depthFirst } from "../depth-first.ts";
import { costOf } from "./cost.ts";
import type { Executable } from "./executable.ts";
import type { Kernel } from "./fuse.ts";
import { bytesOf } from "./plan.ts";
import type { Trace } from "./trace.ts";
import type { Buffer } from "./values.ts";

/** Every stage of a compiled step: the graph, the kernels, the memory, the module. */
export function explain(name: string, { graph }: Pick<Trace, "graph">, executable: Executable): string {
  const { kernels, plan, bytes } = executable;
  const costs = kernels.map(costOf);
  const flops = costs.reduce((sum, cost) => sum + cost.flops, 0);
  const moved = costs.reduce((sum, cost) => sum + cost.bytes, 0);
  const { arena, lifetimes } = plan;
  return [
    `${name}: ${graph.getOperations().length} operations, ${kernels.length} kernels`,
    "",
    "graph",
    ...graph.getOperations().map((operation) => `  ${operation}`),
    "",
    "kernels",
    ...kernels.flatMap((kernel, i) => [
      `  ${i}  ${describeKernel(kernel)}`,
      ...describeExpressions(kernel).map((line) => `       ${line}`),
      `       ${count(costs[i]!.flops)} flop, ${count(costs[i]!.bytes)} bytes moved`,
    ]),
    `  in all ${count(flops)} flop, ${count(moved)} bytes moved`,
    "",
    "memory",
    ...[...lifetimes].map(([buffer, { first, last }]) => {
      const at = String(plan.offsetOf(buffer)).padStart(10);
      return `  ${at}  ${count(bytesOf(buffer)).padStart(10)} bytes  ${nameOfBuffer(buffer)}, kernels ${first} to ${last}`;
    }),
    `  arena ${count(arena.bytes)} bytes, ${count(arena.naive)} if nothing shared memory; constants ${count(executable.constantBytes)} bytes`,
    "",
    `module ${count(bytes.length)} bytes`,
  ].join("\n");
}

const count = (value: number) => Math.round(value).toLocaleString("en-US");

/** What a kernel does, in a line. */
export function describeKernel({ nodes, loops, product, bulk }: Kernel): string {
  const names = nodes.flatMap(({ operations }) => operations.map(({ name }) => name));
  const list = [...new Set(names)].join(" + ");
  if (product !== null) {
    const [m, n] = product.result.layout.shape;
    return `product ${m} x ${product.a.layout.shape[1]} x ${n}: ${list}`;
  }
  if (bulk !== null) return `${bulk.form.kind}: ${list}`;
  const folded = loops!.axes.length > 0 ? ` folding axes ${loops!.axes.join(", ")}` : "";
  return `loops over ${formatShape(loops!.shape)}${folded}: ${list}`;
}

function describeExpressions({ loops, product }: Kernel): string[] {
  if (loops === null) return [];
  const first = product === null ? 0 : 1;
  const names = loops.operands.map(({ value }, i) => (i < first ? "product" : nameOfBuffer(value.buffer)));
  return formatExpressions(
    loops.expressions,
    loops.targets.map(({ value }) => nameOfBuffer(value.buffer)),
    names,
  );
}

/**
 * A line for each expression, `target = …`, behind lines for what is used more than once: `v1 = …`. So the text grows as the
 * expressions do.
 */
export function formatExpressions(
  expressions: readonly Scalar[],
  targets: readonly string[],
  operands: readonly string[],
): string[] {
  const uses = new Map<Scalar, number>();
  const count = (node: Scalar) => uses.set(node, (uses.get(node) ?? 0) + 1);
  const nodes = depthFirst(expressions, ({ args }) => args);
  for (const node of nodes) node.args.forEach(count);
  expressions.forEach(count);
  const texts = new Map<Scalar, string>();
  const lines: string[] = [];
  for (const node of nodes) {
    const { op, args, value, combine } = node;
    const inner = args.map((arg) => texts.get(arg)).join(", ");
    const call = `${op}${combine === undefined ? "" : ` ${combine}`}(${inner})`;
    const text = op === "input" ? operands[value!]! : op === "constant" ? String(value) : args.length === 0 ? op : call;
    const shared = args.length > 0 && uses.get(node)! > 1;
    texts.set(node, shared ? `v${lines.length + 1}` : text);
    if (shared) lines.push(`v${lines.length + 1} = ${text}`);
  }
  return [...lines, ...expressions.map((expression, i) => `${targets[i]} = ${texts.get(expression)}`)];
}

function nameOfBuffer({ kind, id, state, tensor }: Buffer): string {
  return state?.opName ?? tensor?.op.name ?? `${kind === "constant" ? "c" : "t"}${id}`;
}

import type { Form } from "@gradtape/tensor";
import type { Count, Value } from "./values.ts";

/*
 * Rows whose number only a run knows have room in memory for as many as there may be. Memory behind the last row belongs
 * to no tensor, so only kernels that go through these rows side by side may take them.
 */

/** The inputs that a kernel goes through row by row together; it needs all others whole. */
const together: {
  readonly [F in Form["kind"]]: (inputs: readonly Value[], form: Form & { kind: F }) => readonly Value[];
} = {
  loops: (inputs) => inputs,
  chain: (inputs) => inputs,
  view: ([first]) => [first!],
  count: ([first]) => [first!],
  product: ([first]) => [first!],
  gather: ([, indices], { axis, batchDims }) => (axis === 0 && batchDims === 0 ? [indices!] : []),
  segmentSum: (inputs, { batchDims }) => (batchDims === 0 ? inputs : []),
  updateRows: (inputs) => inputs.slice(-2),
  update: () => [],
  assemble: () => [],
  unique: () => [],
};

/** Kernels whose results have no row for each row of their inputs. */
const foldsRows: ReadonlySet<Form["kind"]> = new Set<Form["kind"]>(["segmentSum", "updateRows", "count"]);

/** True when a kernel would read behind the last row of an input, or return a number of rows that only the run knows. */
export function readsBeyond(form: Form, inputs: readonly Value[], outputs: readonly (Count | null)[]): boolean {
  const count = inputs.find((input) => input.count !== null)?.count ?? null;
  if (count === null) return false;
  const rows = (together[form.kind] as (inputs: readonly Value[], form: Form) => readonly Value[])(inputs, form);
  if (inputs.some((input) => input.count !== (rows.includes(input) ? count : null))) return true;
  return !foldsRows.has(form.kind) && outputs.some((output) => output !== count);
}

import { InvalidArgumentError, type Tensor, ValueError } from "@gradtape/tensor";
import { depthFirst } from "./depth-first.ts";
import type { Wanted } from "./fetches.ts";
import { Operation, SymbolicTensor } from "./operation.ts";

/**
 * The operations that `wanted` needs, each behind those it depends on and otherwise in the order of creation. What is
 * fed is not computed. Throws an InvalidArgumentError for a placeholder without a value, a ValueError for a cycle.
 */
export function schedule(wanted: readonly Wanted[], fed: ReadonlyMap<Tensor, unknown>): Operation[] {
  const needed = collect(wanted, fed);
  for (const operation of needed) checkFed(operation);
  // In a graph built by calls the order of creation already is such an order; the walk settles the rest.
  const created = [...needed].sort((a, b) => a.id - b.id);
  return depthFirst(created, (operation) => dependencies(operation, fed), cycle);
}

function collect(wanted: readonly Wanted[], fed: ReadonlyMap<Tensor, unknown>): Set<Operation> {
  const needed = new Set<Operation>();
  const pending = wanted.flatMap((each) => {
    if (each instanceof Operation) return [each];
    return each instanceof SymbolicTensor && !fed.has(each) ? [each.op] : [];
  });
  for (let operation = pending.pop(); operation !== undefined; operation = pending.pop()) {
    if (needed.has(operation)) continue;
    needed.add(operation);
    for (const before of dependencies(operation, fed)) pending.push(before);
  }
  return needed;
}

/** The operations that must run before `operation`; fed tensors need none. */
export function dependencies(operation: Operation, fed: ReadonlyMap<Tensor, unknown> = new Map()): Operation[] {
  const data = operation.inputs.flatMap((input) =>
    input instanceof SymbolicTensor && !fed.has(input) ? [input.op] : [],
  );
  const waited = operation.controlInputs.filter(
    ({ outputs }) => outputs.length === 0 || !outputs.every((output) => fed.has(output)),
  );
  return [...data, ...waited];
}

function checkFed({ def, name, outputs, location }: Operation): void {
  if (!def.mustBeFed) return;
  throw new InvalidArgumentError(
    `Session.run: no value was fed for the placeholder ${outputs[0]}${location === null ? "" : `, built at ${location}`}; ` +
      `add [${name}, value] to the feeds`,
  );
}

function cycle(way: readonly Operation[]): never {
  const names = [...way, way[0]!].map(({ name }) => name);
  const shown = names.length <= 12 ? names : [...names.slice(0, 6), "…", ...names.slice(-5)];
  throw new ValueError(`Session.run: operations wait for each other in a circle: ${shown.join(" <- ")}`);
}

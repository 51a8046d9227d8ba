import { InvalidArgumentError, type Tensor, ValueError } from "@gradtape/tensor";
import type { Wanted } from "./fetches.ts";
import { Operation, SymbolicTensor } from "./operation.ts";

/**
 * The operations that `wanted` needs, each behind those it depends on and otherwise in the order of creation. What is
 * fed is not computed. Throws an InvalidArgumentError for a placeholder without a value, a ValueError for a cycle.
 */
export function schedule(wanted: readonly Wanted[], fed: ReadonlyMap<Tensor, unknown>): Operation[] {
  const needed = collect(wanted, fed);
  for (const operation of needed) checkFed(operation);
  const state = new Map<Operation, "open" | "done">();
  const order: Operation[] = [];
  const visit = (operation: Operation, path: readonly Operation[]): void => {
    if (state.get(operation) === "done") return;
    if (state.get(operation) === "open") throw cycle(path, operation);
    state.set(operation, "open");
    for (const before of dependencies(operation, fed)) visit(before, [...path, operation]);
    state.set(operation, "done");
    order.push(operation);
  };
  // In a graph built by calls the order of creation already is such an order; visiting settles the rest.
  for (const operation of [...needed].sort((a, b) => a.id - b.id)) visit(operation, []);
  return order;
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
    pending.push(...dependencies(operation, fed));
  }
  return needed;
}

/** What must have run before `operation` can; what is fed is there already. */
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

function cycle(path: readonly Operation[], again: Operation): ValueError {
  const names = [...path.slice(path.indexOf(again)), again].map(({ name }) => name);
  return new ValueError(`Session.run: operations wait for each other in a circle: ${names.join(" <- ")}`);
}

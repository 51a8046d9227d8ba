import {
  checkRoom,
  type EagerTensor,
  FailedPreconditionError,
  fitsAnyway,
  isStatic,
  type Kernel,
  type TensorSpec,
} from "@gradtape/tensor";
import type { Attributes, OpDef } from "./record.ts";
import { Storage } from "./state.ts";

/** What an op is run on: tensors, and the storage of states. */
export type Value = EagerTensor | Storage;

/**
 * Throws a ValueError when `op` asks for more memory than a tensor may take. A view takes none, and a result whose extents
 * only the run knows is no larger than what it is made from.
 */
export function checkResults(op: string, { form }: Kernel, specs: readonly TensorSpec[]): void {
  if (form?.kind === "view") return;
  for (const { shape, dtype } of specs) if (!fitsAnyway(shape) && isStatic(shape)) checkRoom(op, dtype, shape);
}

/** Runs an op now. Shapes are inferred first, so that a mistake is told in the op's own words. */
export function execute(def: OpDef, values: readonly (Value | undefined)[], attributes: Attributes): EagerTensor[] {
  const inputs = values.map((value, i) => {
    if (!(value instanceof Storage)) return value;
    return def.writes?.includes(i) ? value.writable : value.value;
  }) as EagerTensor[];
  const specs: readonly TensorSpec[] = def.infer(inputs, attributes);
  const kernel = def.kernel(inputs, attributes, specs);
  checkResults(def.name, kernel, specs);
  const outputs = kernel.run(inputs, specs);
  for (const value of values) {
    if (value instanceof Storage && outputs.some(({ buffer }) => buffer === value.value.buffer)) value.lend();
  }
  return outputs;
}

/** The error of reading a variable too early. */
export function uninitialized(name: string, location: string | null): FailedPreconditionError {
  const built = location === null ? "" : ` (used at ${location})`;
  return new FailedPreconditionError(
    `the variable ${name} is not initialized${built}; run its initializer, or globalVariablesInitializer() built after it`,
  );
}

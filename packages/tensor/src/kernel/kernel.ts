import type { EagerTensor, TensorSpec } from "../tensor.ts";

/**
 * How an op is computed. The kinds of kernel (loops, views, products, …) are few and know no op; an op says which
 * one it is and with what parameters.
 */
export interface Kernel {
  /** Computes the outputs; `specs` are their shapes (all known by now) and dtypes. */
  run(inputs: readonly EagerTensor[], specs: readonly TensorSpec[]): EagerTensor[];
}

/** `kernel` on the first `count` inputs; the others only lend their shape. */
export function onFirst(count: number, kernel: Kernel): Kernel {
  return { run: (inputs, specs) => kernel.run(inputs.slice(0, count), specs) };
}

import type { Executable, StorageOf } from "./executable.ts";
import { describeKernel } from "./explain.ts";

/** How long the kernels of a step take. */
export interface Profile {
  /** In the order in which they run: what each does, and its mean time in microseconds. */
  readonly kernels: readonly { readonly kernel: string; readonly microseconds: number }[];
  /** Mean microseconds of a step, run kernel by kernel. */
  readonly microseconds: number;
  toString(): string;
}

/** Runs steps kernel by kernel, with a clock. */
export function profile(executable: Executable, storageOf: StorageOf, steps: number): Profile {
  const times: number[] = [];
  for (let i = 0; i < steps; i++) executable.runTimed(storageOf, times);
  const kernels = executable.kernels.map((kernel, i) => ({
    kernel: describeKernel(kernel),
    microseconds: (1000 * times[i]!) / steps,
  }));
  const microseconds = kernels.reduce((sum, each) => sum + each.microseconds, 0);
  return {
    kernels,
    microseconds,
    toString: () =>
      [...kernels, { kernel: "step", microseconds }]
        .map((each) => `${each.microseconds.toFixed(1).padStart(10)} us  ${each.kernel}`)
        .join("\n"),
  };
}

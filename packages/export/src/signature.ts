import type { State } from "@gradtape/graph";
import type { DType, PartialShape } from "@gradtape/tensor";

/** An array that goes into a program or comes out of it. An extent that a run may choose is `null`. */
export interface Port {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | null)[];
}

/** A variable as it goes in and comes out. */
export interface StatePort extends Port {
  readonly trainable: boolean;
}

/**
 * What a program takes and gives: it takes `state`, then `inputs`; it gives `state` as it is afterwards, then
 * `outputs`. Names are those of variables, placeholders and tensors here.
 */
export interface Signature {
  readonly state: readonly StatePort[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export function port(name: string, { dtype, shape }: { readonly dtype: DType; readonly shape: PartialShape }): Port {
  return { name, dtype, shape: shape.map((extent) => (typeof extent === "number" ? extent : null)) };
}

export function statePort(name: string, state: State): StatePort {
  return { ...port(name, state), trainable: state.trainable };
}

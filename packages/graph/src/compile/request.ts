import type { Tensor, TensorSpec } from "@gradtape/tensor";
import type { Operation } from "../operation.ts";
import type { State } from "../state.ts";
import type { Node } from "./node.ts";
import type { Buffer, Buffers, Value } from "./values.ts";

/** Thrown for what has no compiled form: which operation, and why. */
export class NotCompilable extends Error {
  readonly operation: Operation;
  readonly reason: string;

  constructor(operation: Operation, reason: string) {
    super(`${operation.name} (${operation.type}) cannot be compiled: ${reason}`);
    this.operation = operation;
    this.reason = reason;
  }
}

/** What is to be computed: operations in order, what is fed with what shapes, and what is asked for. */
export interface Request {
  readonly operations: readonly Operation[];
  readonly fed: ReadonlyMap<Tensor, TensorSpec>;
  readonly fetched: readonly Tensor[];
}

/** Operations as nodes over buffers: views are gone, constants computed. */
export interface Lowered {
  readonly nodes: readonly Node[];
  readonly buffers: Buffers;
  readonly fed: ReadonlyMap<Tensor, Buffer>;
  readonly states: ReadonlyMap<State, Buffer>;
  readonly fetched: readonly Value[];
}

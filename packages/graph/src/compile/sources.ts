import type { EagerTensor } from "@gradtape/tensor";
import type { State } from "../state.ts";
import { type Buffer, type Buffers, sizeOfShape, type Value, whole } from "./values.ts";

/** What is there before a step begins: constants, and variables in the version that they have come to. */
export class Sources {
  readonly states = new Map<State, Buffer>();
  private readonly constants = new Map<EagerTensor, Buffer>();
  private readonly versions = new Map<Buffer, number>();
  private readonly buffers: Buffers;

  constructor(buffers: Buffers) {
    this.buffers = buffers;
  }

  constant(data: EagerTensor): Value {
    let buffer = this.constants.get(data);
    if (buffer === undefined) {
      buffer = this.buffers.make("constant", data.dtype, data.buffer.length, { data });
      this.constants.set(data, buffer);
    }
    return { buffer, layout: data.layout, version: 0, count: null };
  }

  /** A variable as it is at present. */
  present(state: State): Value {
    let buffer = this.states.get(state);
    if (buffer === undefined) {
      buffer = this.buffers.make("state", state.dtype, sizeOfShape(state.shape), { state });
      this.states.set(state, buffer);
      this.versions.set(buffer, 0);
    }
    return { ...whole(buffer, state.shape), version: this.versions.get(buffer)! };
  }

  /** A variable as it will be when it has been written. */
  next(buffer: Buffer): Value {
    this.versions.set(buffer, this.versions.get(buffer)! + 1);
    return { ...whole(buffer, buffer.state!.shape), version: this.versions.get(buffer)! };
  }

  /** Whether a value is still what it was when it was read. */
  isFresh({ buffer, version }: Value): boolean {
    return buffer.kind !== "state" || version === this.versions.get(buffer);
  }
}

import { copyInto, type DType, type EagerTensor, emptyTensor, type Shape, type TensorSpec } from "@gradtape/tensor";
import type { Graph } from "./graph.ts";
import { Convertible } from "./operand.ts";

/**
 * Memory that keeps a value between steps. Tensors are immutable, so memory that a read has handed out is left alone
 * and the next write moves elsewhere.
 */
export class Storage {
  private memory: EagerTensor;
  private shared: boolean;

  /** Storage that begins with `initial`, which may be anybody's tensor, or `owned` memory of its own. */
  constructor(initial: EagerTensor, { owned = false } = {}) {
    this.memory = initial;
    this.shared = !owned;
  }

  /** Storage of zeros. */
  static empty({ dtype, shape }: State): Storage {
    return new Storage(emptyTensor(dtype, shape), { owned: true });
  }

  /** The present value, for kernels that read it and keep nothing. */
  get value(): EagerTensor {
    return this.memory;
  }

  /** Memory that only this storage uses, holding the present value, for kernels that write in place. */
  get writable(): EagerTensor {
    if (this.shared) {
      const own = emptyTensor(this.memory.dtype, this.memory.shape);
      copyInto(own.buffer, own.layout, this.memory);
      this.memory = own;
      this.shared = false;
    }
    return this.memory;
  }

  /** Says that a tensor now shows this memory. */
  share(): void {
    this.shared = true;
  }
}

/** Something that has a value which ops may change: what variables are. */
export abstract class State extends Convertible {
  abstract readonly shape: Shape;
  abstract override readonly dtype: DType;
  abstract readonly trainable: boolean;
  /** The graph it belongs to; `null` for a variable of eager mode. */
  abstract readonly graph: Graph | null;
  /** Where the value lies; `null` for a variable of a graph, whose value each session keeps for itself. */
  abstract readonly storage: Storage | null;
  /** The name without output number: `w`. */
  abstract readonly opName: string;
  private static created = 0;
  /** Position in the order of creation, over all states of the process. */
  readonly order = State.created++;

  get spec(): TensorSpec {
    return this;
  }
}

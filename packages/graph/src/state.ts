import { copyInto, type DType, type EagerTensor, emptyTensor, type Shape } from "@gradtape/tensor";
import { Convertible } from "./operand.ts";

/**
 * A place that keeps a tensor between steps and may be written: what a variable is made of.
 * Tensors are immutable, so memory that a read has handed out is left alone and the next write moves elsewhere.
 */
export abstract class State extends Convertible {
  abstract readonly shape: Shape;
  abstract override readonly dtype: DType;
  abstract readonly trainable: boolean;
  private static created = 0;
  /** Position in the order of creation, over all states of the process. */
  readonly order = State.created++;
  private memory: EagerTensor;
  // The initial value may be anybody's tensor.
  private shared = true;

  constructor(initial: EagerTensor) {
    super();
    this.memory = initial;
  }

  /** The present value, for kernels that read it and keep nothing. */
  get storage(): EagerTensor {
    return this.memory;
  }

  /** Memory that only this state uses, holding the present value, for kernels that write in place. */
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

import {
  copyOf,
  type DType,
  type EagerTensor,
  elementBytes,
  emptyTensor,
  fromData,
  type Machine,
  type Shape,
  type TensorSpec,
} from "@gradtape/tensor";
import type { Graph } from "./graph.ts";
import { Convertible } from "./operand.ts";

/** An area of a machine's memory that holds a value. */
interface Residence {
  readonly machine: Machine;
  readonly address: number;
}

/**
 * Memory that keeps a value between steps. Tensors are immutable, so memory that a read has handed out is left alone
 * and the next write moves elsewhere.
 *
 * Compiled steps move the value into the machine's memory and work on it there. It stays until something else writes.
 */
export class Storage {
  readonly dtype: DType;
  readonly shape: Shape;
  /** The value, or a copy of what lies in the residence; `null` where that has changed since. */
  private memory: EagerTensor | null;
  private shared: boolean;
  private residence: Residence | null = null;

  /** Storage that begins with `initial`, which may be anybody's tensor, or `owned` memory of its own. */
  constructor(initial: EagerTensor, { owned = false } = {}) {
    this.dtype = initial.dtype;
    this.shape = initial.shape;
    this.memory = initial;
    this.shared = !owned;
  }

  /** Storage of zeros. */
  static empty({ dtype, shape }: State): Storage {
    return new Storage(emptyTensor(dtype, shape), { owned: true });
  }

  /** The present value, for kernels that read it and keep nothing. */
  get value(): EagerTensor {
    if (this.memory === null) {
      const { machine, address } = this.residence!;
      const size = this.shape.reduce((product, extent) => product * extent, 1);
      this.memory = fromData(this.dtype, this.shape, machine.read(address, this.dtype, size));
      this.shared = false;
    }
    return this.memory;
  }

  /** Memory that only this storage uses, holding the present value, for kernels that write in place. */
  get writable(): EagerTensor {
    const present = this.value;
    this.leave();
    if (this.shared) {
      this.memory = copyOf(present);
      this.shared = false;
    }
    return this.memory!;
  }

  /** The present value for whatever keeps it: later writes go to other memory. */
  lend(): EagerTensor {
    const { value } = this; // a value that is read out first has memory of its own
    this.shared = true;
    return value;
  }

  /** Where the value lies in the memory of `machine`, to which it is moved if need be; `null` when there is no room. */
  addressIn(machine: Machine): number | null {
    if (this.residence?.machine === machine) return this.residence.address;
    const { data, size } = this.value;
    const address = machine.allocate(size * elementBytes(this.dtype));
    if (address === null) return null;
    this.leave();
    machine.write(address, this.dtype, data);
    machine.keepFor(this, address);
    this.residence = { machine, address };
    return address;
  }

  /** Says that the value in the machine's memory is another now. */
  changed(): void {
    this.memory = null;
  }

  private leave(): void {
    const left = this.residence;
    this.residence = null;
    left?.machine.giveBack(this, left.address);
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

  /** How many states there have been in this process. */
  static get count(): number {
    return State.created;
  }

  /** Position in the order of creation, over all states of the process. */
  readonly order = State.created++;

  get spec(): TensorSpec {
    return this;
  }
}

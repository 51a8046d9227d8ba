import {
  Area,
  copyOf,
  type DType,
  type EagerTensor,
  elementBytes,
  emptyTensor,
  fromData,
  type Machine,
  type Shape,
  sizeOf,
  type TensorSpec,
} from "@gradtape/tensor";
import type { Graph } from "./graph.ts";
import { Convertible } from "./operand.ts";

/**
 * The place of a value in the memory of a machine, as long as that has room for it. It holds no reference to the storage,
 * so a dead storage can be collected.
 */
class Residence extends Area {
  readonly machine: Machine;
  /** True when the value here is newer than the one that its storage has. */
  newer = false;
  private readonly dtype: DType;
  private readonly shape: Shape;
  /** The value, brought out when others needed the room. */
  private moved: EagerTensor | null = null;

  constructor(machine: Machine, dtype: DType, shape: Shape) {
    super(sizeOf(shape) * elementBytes(dtype));
    this.machine = machine;
    this.dtype = dtype;
    this.shape = shape;
  }

  /** The value, a copy of what lies here. */
  get value(): EagerTensor {
    const { machine, dtype, shape } = this;
    return this.moved ?? fromData(dtype, shape, machine.read(this.at, dtype, sizeOf(shape)));
  }

  override leave(): void {
    if (this.newer) this.moved = this.value;
  }
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
      this.memory = this.residence!.value;
      this.residence!.newer = false;
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

  /** The present value as one that never changes: later writes go to other memory. */
  lend(): EagerTensor {
    const { value } = this; // a value that is read out first has memory of its own
    this.shared = true;
    return value;
  }

  /** The address of the value in the memory of `machine`, to which it is moved if need be; -1 when there is no room. */
  addressIn(machine: Machine): number {
    const { residence } = this;
    if (residence !== null && residence.machine === machine && residence.at >= 0) {
      residence.used = machine.areas.time;
      return residence.at;
    }
    const { data } = this.value;
    const found = new Residence(machine, this.dtype, this.shape);
    if (!machine.areas.lease(found)) return -1;
    this.leave();
    machine.write(found.at, this.dtype, data);
    machine.areas.keepFor(this, found);
    this.residence = found;
    return found.at;
  }

  /** Says that the value in the machine's memory is another now. */
  changed(): void {
    this.memory = null;
    this.residence!.newer = true;
  }

  /** Gives the machine's memory back; a value that is only there is lost. */
  leave(): void {
    const left = this.residence;
    this.residence = null;
    left?.machine.areas.end(left);
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

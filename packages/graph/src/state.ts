import {
  type Area,
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

/** Where a value lies in the memory of a machine, as long as that has room for it. */
class Residence {
  readonly machine: Machine;
  readonly area: Area;
  /** Whether the value here is newer than the one that its storage has. */
  newer = false;
  private readonly spec: { readonly dtype: DType; readonly shape: Shape };
  /** The value, brought out when others needed the room. */
  private moved: EagerTensor | null = null;

  constructor(machine: Machine, area: Area, spec: Residence["spec"]) {
    this.machine = machine;
    this.area = area;
    this.spec = spec;
  }

  /** A room for a value; `null` when the machine has none. A residence knows no storage: nothing keeps a dead one. */
  static find(machine: Machine, spec: Residence["spec"]): Residence | null {
    const leaving = () => residence?.leave();
    const area = machine.areas.lease(sizeOf(spec.shape) * elementBytes(spec.dtype), leaving);
    const residence = area && new Residence(machine, area, spec);
    return residence;
  }

  /** The value, a copy of what lies here. */
  get value(): EagerTensor {
    if (this.moved !== null) return this.moved;
    const { dtype, shape } = this.spec;
    return fromData(dtype, shape, this.machine.read(this.area.at, dtype, sizeOf(shape)));
  }

  private leave(): void {
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

  /** The present value for whatever keeps it: later writes go to other memory. */
  lend(): EagerTensor {
    const { value } = this; // a value that is read out first has memory of its own
    this.shared = true;
    return value;
  }

  /** Where the value lies in the memory of `machine`, to which it is moved if need be; -1 when there is no room. */
  addressIn(machine: Machine): number {
    const { residence } = this;
    if (residence !== null && residence.machine === machine && residence.area.at >= 0) {
      residence.area.used = machine.areas.time;
      return residence.area.at;
    }
    const { data } = this.value;
    const found = Residence.find(machine, this);
    if (found === null) return -1;
    this.leave();
    machine.write(found.area.at, this.dtype, data);
    machine.areas.keepFor(this, found.area);
    this.residence = found;
    return found.area.at;
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
    left?.machine.areas.end(left.area);
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

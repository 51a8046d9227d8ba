import { type Axis, elementBytes, wasm } from "@gradtape/tensor";
import type { Buffer, Value } from "../values.ts";

type Code = wasm.Value;
type Statement = wasm.Statement;

const { i32, op } = wasm;

export const plus = (a: Code, b: Code) => op("i32.add", a, b);

/** `a + by`, for a number known now. */
export const offset = (a: Code, by: number) => (by === 0 ? a : plus(a, i32(by)));

/** Part of the work: positions `from` to `to` (exclusive) of what is split among threads. */
export interface Portion {
  readonly from: number;
  readonly to: number;
}

/** The share of `thread` when `count` positions are split in multiples of `unit`. */
export function share(count: number, unit: number, thread: number, threads: number): Portion {
  const units = Math.ceil(count / unit);
  const at = (t: number) => Math.min(count, Math.floor((units * t) / threads) * unit);
  return { from: at(thread), to: at(thread + 1) };
}

/** Where the buffers of a step lie. */
export interface Places {
  /** The address of a buffer of the arena. */
  addressOf(buffer: Buffer): number;
  /** Where the address of a variable is written before each step. */
  cellOf(buffer: Buffer): number;
}

/** A function being written: its locals, and the addresses of buffers in it. */
export class Routine {
  readonly made: wasm.WasmFunction;
  private readonly places: Places;
  private readonly states = new Map<Buffer, wasm.Local>();
  private readonly before: Statement[] = [];

  constructor(made: wasm.WasmFunction, places: Places) {
    this.made = made;
    this.places = places;
  }

  /** The address of the first element of a value, `elements` further on. */
  address({ buffer, layout }: Value, elements = 0): Code {
    const bytes = (layout.offset + elements) * elementBytes(buffer.dtype);
    if (buffer.kind !== "state") return i32(this.places.addressOf(buffer) + bytes);
    let local = this.states.get(buffer);
    if (local === undefined) {
      local = this.local();
      this.before.push(local.set(wasm.load("i32.load", i32(this.places.cellOf(buffer)))));
      this.states.set(buffer, local);
    }
    return offset(local.get(), bytes);
  }

  local(): wasm.Local {
    return this.made.local("i32");
  }

  /** `body` for each position of `axes`, with `addresses` moved along; strides in elements of 4 bytes. */
  walk(
    axes: readonly Axis[],
    addresses: readonly Code[],
    body: (addresses: readonly Code[]) => Statement[],
  ): Statement[] {
    if (axes.length === 0) return body(addresses);
    const moving = addresses.map((_, i) => axes.some(({ strides }) => strides[i] !== 0));
    const pointers = addresses.map((address, i) => {
      if (!moving[i]) return null;
      const local = this.local();
      return { local, start: local.set(address) };
    });
    const current = addresses.map((address, i) => pointers[i]?.local.get() ?? address);
    const loop = ([axis, ...rest]: readonly Axis[]): Statement[] => {
      if (axis === undefined) return body(current);
      const step = (times: number) =>
        pointers.flatMap((pointer, i) => {
          const bytes = axis.strides[i]! * 4 * times;
          return pointer === null || bytes === 0 ? [] : [pointer.local.set(offset(pointer.local.get(), bytes))];
        });
      if (axis.extent === 1) return loop(rest);
      return [...this.repeat(axis.extent, [...loop(rest), ...step(1)]), ...step(-axis.extent)];
    };
    return [...pointers.flatMap((pointer) => (pointer === null ? [] : [pointer.start])), ...loop(axes)];
  }

  /** `body`, a number of times known now. */
  repeat(times: number, body: readonly Statement[]): Statement[] {
    if (times <= 0) return [];
    if (times === 1) return [...body];
    const counter = this.local();
    return [counter.set(i32(times)), wasm.doWhile(body, counter.tee(op("i32.sub", counter.get(), i32(1))))];
  }

  /** Finishes the function. */
  define(statements: readonly Statement[], result?: Code): void {
    this.made.define([...this.before, ...statements], result);
  }
}

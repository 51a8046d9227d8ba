import { type InstructionName, instructions, unsigned, type ValueType } from "./opcodes.ts";

/*
 * WebAssembly modules from typed expressions. An expression knows its type, so a mistake is told where it is made;
 * the bytes grow from the leaves up and are written once.
 */

/** Bytes that are put together without being copied; they are laid out once, when the module is written. */
export type Bytes = number | readonly Bytes[];

/** Code that leaves a value of `type` on the stack, or none (`null`). */
export interface Code<T extends ValueType | null = ValueType | null> {
  readonly type: T;
  readonly bytes: Bytes;
}

/** A statement: code that leaves nothing. */
export type Statement = Code<null>;
export type Value = Code<ValueType>;

/** Bytes of a signed number, seven bits each (LEB128). */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; ) {
    const byte = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

/** How types are written. */
export const typeBytes: { readonly [T in ValueType]: number } = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** What an instruction needs besides its operands. */
export interface Immediates {
  /** Added to the address, in bytes, at no cost. */
  readonly offset?: number;
  readonly lane?: number;
  readonly lanes?: readonly number[];
}

/** An instruction on its operands. Throws a TypeError for operands of other types than it takes. */
export function instruction(name: InstructionName, operands: readonly Code[], immediates: Immediates = {}): Code {
  const { takes, gives, bytes, immediate, align = 0 } = instructions[name];
  const given = operands.map(({ type }) => type);
  if (given.join() !== takes.join())
    throw new TypeError(`${name} takes (${takes.join(", ")}), got (${given.join(", ")})`);
  const tail: Record<string, () => readonly number[]> = {
    memory: () => [...unsigned(align), ...unsigned(immediates.offset ?? 0)],
    lane: () => [immediates.lane ?? 0],
    "memory lane": () => [...unsigned(align), ...unsigned(immediates.offset ?? 0), immediates.lane ?? 0],
    lanes: () => immediates.lanes!,
  };
  return {
    type: gives,
    bytes: [operands.map((each) => each.bytes), bytes, immediate ? tail[immediate]!() : []],
  };
}

/** An instruction that leaves a value. */
export function op(name: InstructionName, ...operands: readonly Code[]): Value {
  return instruction(name, operands) as Value;
}

/** The value at an address. */
export function load(name: InstructionName, address: Value, offset = 0): Value {
  return instruction(name, [address], { offset }) as Value;
}

/** Writes a value to an address. */
export function store(name: InstructionName, address: Value, value: Value, offset = 0): Statement {
  return instruction(name, [address, value], { offset }) as Statement;
}

/** A vector with one lane from an address. */
export function loadLane(address: Value, vector: Value, index: number): Value {
  return instruction("v128.load32_lane", [address, vector], { lane: index }) as Value;
}

/** Writes one lane of a vector to an address. */
export function storeLane(address: Value, vector: Value, index: number): Statement {
  return instruction("v128.store32_lane", [address, vector], { lane: index }) as Statement;
}

/** One lane of a vector. */
export function lane(name: InstructionName, vector: Value, index: number): Value {
  return instruction(name, [vector], { lane: index }) as Value;
}

/** Bytes of two vectors in a new order; 0 to 15 are the first's, 16 to 31 the second's. */
export function shuffle(a: Value, b: Value, lanes: readonly number[]): Value {
  return instruction("i8x16.shuffle", [a, b], { lanes }) as Value;
}

export function i32(value: number): Value {
  return { type: "i32", bytes: [0x41, ...signed(value)] };
}

/** A time-out or count of 64 bits, from a number that fits 32. */
export function i64(value: number): Value {
  return { type: "i64", bytes: [0x42, ...signed(value)] };
}

const scratch = new DataView(new ArrayBuffer(16));

function rawBytes(length: number, write: () => void): number[] {
  write();
  return [...new Uint8Array(scratch.buffer, 0, length)];
}

export function f32(value: number): Value {
  return { type: "f32", bytes: [0x43, ...rawBytes(4, () => scratch.setFloat32(0, value, true))] };
}

export function f64(value: number): Value {
  return { type: "f64", bytes: [0x44, ...rawBytes(8, () => scratch.setFloat64(0, value, true))] };
}

/** Four equal lanes. */
export function f32x4(value: number): Value {
  const four = rawBytes(4, () => scratch.setFloat32(0, value, true));
  return { type: "v128", bytes: [0xfd, 12, ...four, ...four, ...four, ...four] };
}

/** Four equal lanes. */
export function i32x4(value: number): Value {
  const four = rawBytes(4, () => scratch.setInt32(0, value, true));
  return { type: "v128", bytes: [0xfd, 12, ...four, ...four, ...four, ...four] };
}

/** A variable of a function. */
export class Local {
  readonly index: number;
  readonly type: ValueType;

  constructor(index: number, type: ValueType) {
    this.index = index;
    this.type = type;
  }

  get(): Value {
    return { type: this.type, bytes: [0x20, ...unsigned(this.index)] };
  }

  set(value: Value): Statement {
    return { type: null, bytes: [this.checked(value).bytes, 0x21, unsigned(this.index)] };
  }

  /** Sets and leaves the value. */
  tee(value: Value): Value {
    return { type: this.type, bytes: [this.checked(value).bytes, 0x22, unsigned(this.index)] };
  }

  private checked(value: Value): Value {
    if (value.type === this.type) return value;
    throw new TypeError(`local ${this.index} is ${this.type}, got ${value.type}`);
  }
}

/** Statements one after the other. Throws a TypeError for code that leaves a value. */
export function joined(statements: readonly Statement[]): Bytes {
  const stray = statements.find(({ type }) => type !== null);
  if (stray !== undefined) throw new TypeError(`a ${stray.type} is left on the stack; drop it or use it`);
  return statements.map(({ bytes }) => bytes);
}

const EMPTY = 0x40;
const END = 0x0b;

/** Runs `body`, then again as long as `condition` (i32) is not 0. */
export function doWhile(body: readonly Statement[], condition: Value): Statement {
  return { type: null, bytes: [0x03, EMPTY, joined(body), condition.bytes, 0x0d, 0, END] };
}

/** Runs `body` as long as `condition` is not 0. */
export function whileDo(condition: Value, body: readonly Statement[]): Statement {
  return ifElse(condition, [doWhile(body, condition)]);
}

export function ifElse(condition: Value, then: readonly Statement[], otherwise: readonly Statement[] = []): Statement {
  const second = otherwise.length === 0 ? [] : [0x05, joined(otherwise)];
  return { type: null, bytes: [condition.bytes, 0x04, EMPTY, joined(then), second, END] };
}

/** Ends the function with a result. */
export function leave(value: Value): Statement {
  return { type: null, bytes: [value.bytes, 0x0f] };
}

/** `condition ? a : b`; both are computed. */
export function select(condition: Value, a: Value, b: Value): Value {
  if (a.type !== b.type) throw new TypeError(`select: ${a.type} and ${b.type} do not mix`);
  return { type: a.type, bytes: [a.bytes, b.bytes, condition.bytes, 0x1c, 1, typeBytes[a.type]] };
}

/** Computes a value and forgets it. */
export function drop(value: Value): Statement {
  return { type: null, bytes: [value.bytes, 0x1a] };
}

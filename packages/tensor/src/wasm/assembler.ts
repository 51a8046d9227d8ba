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

const typeBytes: { readonly [T in ValueType]: number } = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

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

function joined(statements: readonly Statement[]): Bytes {
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

/** A function of a module: how many there were before it tells how to call it. */
export class WasmFunction {
  readonly params: readonly Local[];
  readonly result: ValueType | null;
  private readonly locals: ValueType[] = [];
  private body: Bytes = [];
  readonly index: number;

  constructor(index: number, params: readonly ValueType[], result: ValueType | null) {
    this.index = index;
    this.params = params.map((type, i) => new Local(i, type));
    this.result = result;
  }

  local(type: ValueType): Local {
    this.locals.push(type);
    return new Local(this.params.length + this.locals.length - 1, type);
  }

  /** What it does; the last code leaves the result, where there is one. */
  define(statements: readonly Statement[], result?: Value): void {
    if ((result?.type ?? null) !== this.result)
      throw new TypeError(`the function gives ${this.result}, not ${result?.type}`);
    this.body = [joined(statements), result?.bytes ?? []];
  }

  call(...operands: readonly Value[]): Code {
    const wanted = this.params.map(({ type }) => type).join();
    const given = operands.map(({ type }) => type).join();
    if (given !== wanted) throw new TypeError(`call takes (${wanted}), got (${given})`);
    return { type: this.result, bytes: [operands.map(({ bytes }) => bytes), 0x10, unsigned(this.index)] };
  }

  /** @internal */
  get signature(): number[] {
    const result = this.result === null ? [0] : [1, typeBytes[this.result]];
    return [0x60, ...unsigned(this.params.length), ...this.params.map(({ type }) => typeBytes[type]), ...result];
  }

  /** @internal */
  get code(): number[] {
    const runs: [count: number, type: ValueType][] = [];
    for (const type of this.locals) {
      const last = runs[runs.length - 1];
      if (last?.[1] === type) last[0]++;
      else runs.push([1, type]);
    }
    const locals = runs.map(([count, type]) => [unsigned(count), typeBytes[type]]);
    const content = laidOut([unsigned(runs.length), locals, this.body, END]);
    return laidOut([unsigned(content.length), content]);
  }
}

/** The memory that a module works on, in pages of 64 KiB. It is imported as `env.memory`. */
export interface MemoryLimits {
  readonly initial: number;
  readonly maximum: number;
  readonly shared?: boolean;
}

/** Functions over one memory. */
export class WasmModule {
  private readonly imported: [string, string, WasmFunction][] = [];
  private readonly functions: WasmFunction[] = [];
  private readonly exported: [string, WasmFunction][] = [];
  private readonly memory: MemoryLimits;

  constructor(memory: MemoryLimits = { initial: 0, maximum: 65536 }) {
    this.memory = memory;
  }

  /** A function from outside. Throws an Error once the module has functions of its own: imported ones are numbered first. */
  import(from: string, name: string, params: readonly ValueType[], result: ValueType | null): WasmFunction {
    if (this.functions.length > 0) throw new Error(`WasmModule: import ${name} before functions are made`);
    const made = new WasmFunction(this.imported.length, params, result);
    this.imported.push([from, name, made]);
    return made;
  }

  /** A new function, exported when it has a name. */
  function(params: readonly ValueType[], result: ValueType | null, name?: string): WasmFunction {
    const made = new WasmFunction(this.imported.length + this.functions.length, params, result);
    this.functions.push(made);
    if (name !== undefined) this.export(name, made);
    return made;
  }

  /** Lets `made` be called from outside by `name`. */
  export(name: string, made: WasmFunction): void {
    this.exported.push([name, made]);
  }

  /** The module in the binary format. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const { initial, maximum, shared = false } = this.memory;
    const limits = [shared ? 3 : 1, ...unsigned(initial), ...unsigned(maximum)];
    return Uint8Array.from(
      laidOut([
        [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
        section(
          1,
          [...this.imported.map(([, , each]) => each), ...this.functions].map((each) => each.signature),
        ),
        section(2, [
          [text("env"), text("memory"), 2, limits],
          ...this.imported.map(([from, name, { index }]) => [text(from), text(name), 0, unsigned(index)]),
        ]),
        section(
          3,
          this.functions.map(({ index }) => unsigned(index)),
        ),
        section(
          7,
          this.exported.map(([name, { index }]) => [text(name), 0, unsigned(index)]),
        ),
        section(
          10,
          this.functions.map((each) => each.code),
        ),
      ]),
    );
  }
}

/** Bytes one after the other. */
function laidOut(bytes: Bytes): number[] {
  const flat: number[] = [];
  const visit = (part: Bytes): void => {
    if (typeof part === "number") flat.push(part);
    else for (let i = 0; i < part.length; i++) visit(part[i]!);
  };
  visit(bytes);
  return flat;
}

function section(id: number, entries: readonly Bytes[]): Bytes {
  const content = laidOut([unsigned(entries.length), entries]);
  return [id, unsigned(content.length), content];
}

function text(name: string): number[] {
  const bytes = [...new TextEncoder().encode(name)];
  return [...unsigned(bytes.length), ...bytes];
}

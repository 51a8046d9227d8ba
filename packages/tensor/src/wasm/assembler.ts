import { type Bytes, type Code, joined, Local, type Statement, typeBytes, type Value } from "./code.ts";
import { unsigned, type ValueType } from "./opcodes.ts";

export * from "./code.ts";

/* Functions and modules made of code; the bytes are laid out once, when a module is written. */

const END = 0x0b;

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

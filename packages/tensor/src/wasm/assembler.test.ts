import { describe, expect, test } from "vitest";
import {
  type Code,
  doWhile,
  drop,
  f32,
  f32x4,
  f64,
  i32,
  i32x4,
  i64,
  ifElse,
  instruction,
  lane,
  load,
  op,
  type Statement,
  select,
  shuffle,
  signed,
  store,
  type Value,
  WasmModule,
  whileDo,
} from "./assembler.ts";
import { detectFeatures } from "./features.ts";
import { type InstructionName, instructions, unsigned, type ValueType } from "./opcodes.ts";

const sample: { readonly [T in ValueType]: Value } = {
  i32: i32(8),
  i64: i64(9),
  f32: f32(2.5),
  f64: f64(-3),
  v128: i32x4(7),
};
const instantiate = (module: WasmModule, memory = new WebAssembly.Memory({ initial: 1, maximum: 2 })) =>
  new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), { env: { memory } }).exports as Record<
    string,
    (...args: number[]) => number
  >;
const limits = { initial: 1, maximum: 2 };

describe("the op table", () => {
  const names = Object.keys(instructions) as InstructionName[];
  const relaxed = detectFeatures().relaxed;

  test.each(names.filter((name) => relaxed || !name.includes("relaxed")))(
    "%s is what the engine takes it for",
    (name) => {
      const { takes, gives } = instructions[name];
      const code = instruction(
        name,
        takes.map((type) => sample[type]),
        { lanes: Array.from({ length: 16 }, (_, i) => i) },
      );
      const module = new WasmModule({ ...limits, shared: name.includes("atomic") });
      module.function([], null).define([gives === null ? (code as Statement) : drop(code as Value)]);
      expect(WebAssembly.validate(module.toBytes())).toBe(true);
    },
  );

  test("operands of another type are refused by name", () => {
    expect(() => op("f32.add", f32(1), i32(1))).toThrow("f32.add takes (f32, f32), got (f32, i32)");
    expect(() => select(i32(1), f32(1), i32(1))).toThrow(/do not mix/);
    const made = new WasmModule().function(["i32"], "f32");
    expect(() => made.define([])).toThrow(/gives f32/);
    expect(() => made.define([op("i32.add", i32(1), i32(1)) as Code as Statement], f32(1))).toThrow(
      /left on the stack/,
    );
    expect(() => made.call(f32(1))).toThrow("call takes (i32), got (f32)");
    expect(() => made.local("v128").set(i32(1))).toThrow(/is v128, got i32/);
  });
});

test("numbers are written in as few bytes as they need", () => {
  expect([0, 127, 128, 65536, 2 ** 32 - 1].map((n) => unsigned(n).length)).toEqual([1, 1, 2, 3, 5]);
  expect([0, 63, 64, -64, -65, 2 ** 31 - 1, -(2 ** 31)].map((n) => signed(n).length)).toEqual([1, 1, 2, 1, 2, 5, 5]);
});

test("constants arrive as they are", () => {
  const module = new WasmModule(limits);
  const values = [0, -1, 63, 64, -64, -65, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)];
  values.forEach((value, i) => {
    module.function([], "i32", `i${i}`).define([], i32(value));
  });
  module.function([], "f32", "f").define([], f32(0.1));
  module.function([], "f64", "d").define([], f64(0.1));
  module.function([], "f32", "v").define([], lane("f32x4.extract_lane", f32x4(-0), 3));
  const functions = instantiate(module);
  expect(values.map((_, i) => functions[`i${i}`]!())).toEqual(values);
  expect([functions.f!(), functions.d!(), functions.v!()]).toEqual([Math.fround(0.1), 0.1, -0]);
});

test("loops, branches, calls and memory", () => {
  const module = new WasmModule(limits);
  const triangle = module.function(["i32"], "i32");
  const [n] = triangle.params as [(typeof triangle.params)[0]];
  const sum = triangle.local("i32");
  triangle.define(
    [whileDo(n.get(), [sum.set(op("i32.add", sum.get(), n.get())), n.set(op("i32.sub", n.get(), i32(1)))])],
    sum.get(),
  );
  const write = module.function(["i32"], "i32", "write");
  const [count] = write.params as [(typeof write.params)[0]];
  const i = write.local("i32");
  write.define(
    [
      doWhile(
        [
          ifElse(
            op("i32.and", i.get(), i32(1)),
            [store("i32.store", op("i32.shl", i.get(), i32(2)), triangle.call(i.get()) as Value, 16)],
            [store("i32.store", op("i32.shl", i.get(), i32(2)), i32(-1), 16)],
          ),
        ],
        op("i32.lt_s", i.tee(op("i32.add", i.get(), i32(1))), count.get()),
      ),
    ],
    load("i32.load", i32(0), 16),
  );
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  expect(instantiate(module, memory).write!(6)).toBe(-1);
  expect([...new Int32Array(memory.buffer, 16, 6)]).toEqual([-1, 1, -1, 6, -1, 15]);
});

test("a shuffle reorders bytes", () => {
  const module = new WasmModule(limits);
  const first = shuffle(i32x4(1), i32x4(2), [16, 17, 18, 19, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  module.function([], "i32", "f").define([], lane("i32x4.extract_lane", first, 0));
  expect(instantiate(module).f!()).toBe(2);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { type DType, dtypes } from "../dtype.ts";
import * as k from "./scalar.ts";

const anyDType = fc.constantFrom(...dtypes);

test("a plain number takes the type of its neighbour, rounded to it", () => {
  fc.assert(
    fc.property(fc.constantFrom<DType>("float32", "float64"), fc.double(), (type, value) => {
      const x = k.input(0, type);
      const expected = type === "float32" ? Math.fround(value) : value;
      for (const node of [k.add(x, value), k.sub(value, x), k.select(k.lt(x, 0), value, x)]) {
        const constant = node.args.find((arg) => arg.op === "constant" && arg !== x)!;
        expect([constant.type, constant.value]).toEqual([type, expected]);
        expect(node.type).toBe(type);
      }
    }),
  );
});

test("predicates are bool, bits are int32, the rest keeps its type", () => {
  fc.assert(
    fc.property(anyDType, (type) => {
      const x = k.input(0, type);
      for (const compare of [k.lt, k.le, k.gt, k.ge, k.eq, k.ne]) expect(compare(x, x).type).toBe("bool");
      for (const join of [k.add, k.mul, k.min, k.max]) expect(join(x, x).type).toBe(type);
      expect(k.fold("add", x).type).toBe(type);
    }),
  );
  expect(k.bits(k.input(0, "float32")).type).toBe("int32");
  expect(k.fromBits(k.input(0, "int32")).type).toBe("float32");
});

test("greater is less with the sides exchanged", () => {
  const [x, y] = [k.input(0, "int32"), k.input(1, "int32")];
  expect(k.gt(x, y)).toEqual(k.lt(y, x));
  expect(k.ge(x, y)).toEqual(k.le(y, x));
});

test("a cast to the type at hand is no node", () => {
  fc.assert(
    fc.property(anyDType, anyDType, (from, to) => {
      const x = k.input(0, from);
      const cast = k.cast(x, to);
      expect(cast.type).toBe(to);
      expect(cast === x).toBe(from === to);
    }),
  );
});

test("types do not mix, and something must have one", () => {
  expect(() => k.add(k.input(0, "float32"), k.input(1, "int32"))).toThrow("kernel add: float32 and int32 do not mix");
  expect(() => k.lt(1, 2)).toThrow("kernel lt: one operand must be typed");
  expect(() => k.select(k.lt(k.input(0, "float32"), 0), 1, 2)).toThrow("kernel select: one operand must be typed");
});

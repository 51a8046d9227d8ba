import fc from "fast-check";
import ndarray from "ndarray";
import { expect, describe as group, test } from "vitest";
import { describe } from "./describe.ts";
import { type DType, dtypes } from "./dtype.ts";
import { ValueError } from "./errors.ts";
import { literal, type TensorLike, tensor } from "./literal.ts";
import { allocate } from "./memory.ts";
import { type Shape, sizeOf } from "./shape.ts";
import { type EagerTensor, type NestedArray, Tensor } from "./tensor.ts";

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });

function nested(shape: Shape, next: () => number | boolean): NestedArray {
  if (shape.length === 0) return next();
  return Array.from({ length: shape[0]! }, () => nested(shape.slice(1), next));
}

group("nested arrays", () => {
  test("give back what went in, in any dtype that holds it", () => {
    fc.assert(
      fc.property(
        shapes,
        fc.infiniteStream(fc.integer()),
        fc.constantFrom<DType>("float64", "int32"),
        (shape, numbers, dtype) => {
          const values = nested(shape, () => numbers.next().value!);
          const made = tensor(values, { dtype });
          expect(made.shape).toEqual(shape);
          expect(made.array()).toEqual(values);
        },
      ),
    );
    fc.assert(
      fc.property(shapes, fc.infiniteStream(fc.double()), (shape, numbers) => {
        const values = nested(shape, () => numbers.next().value!);
        const made = tensor(values);
        expect(made.dtype).toBe("float32");
        expect(made.data).toEqual(Float32Array.from([values].flat(9) as number[]));
      }),
    );
  });

  test("booleans make bool, alone; next to numbers they are 0 and 1", () => {
    fc.assert(
      fc.property(shapes, fc.infiniteStream(fc.boolean()), (shape, booleans) => {
        const values = nested(shape, () => booleans.next().value!);
        const made = tensor(values);
        expect(made.dtype).toBe("bool");
        expect(made.array()).toEqual(values);
        expect([...tensor(values, { dtype: "int32" }).data]).toEqual([values].flat(9).map(Number));
      }),
    );
    expect(tensor([true, 2])).toEqual(tensor([1, 2]));
  });

  test("empty ones are float32", () => {
    expect(tensor([]).shape).toEqual([0]);
    expect(tensor([[], []]).shape).toEqual([2, 0]);
    expect(tensor([]).dtype).toBe("float32");
  });

  test("one element too many or too few anywhere is found", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 2, max: 3 }), { minLength: 2, maxLength: 4 }),
        fc.infiniteStream(fc.nat(10)),
        (shape, random) => {
          const values = nested(shape, () => 1);
          // Anywhere but in the branch of first elements, by which the others are measured.
          let level = values as NestedArray[];
          const depth = 1 + (random.next().value! % (shape.length - 1));
          for (let axis = 0; axis < depth; axis++) {
            const i = axis === 0 ? 1 : random.next().value! % level.length;
            level = level[i] as NestedArray[];
          }
          if (random.next().value! % 2 === 0) level.pop();
          else level.push(level[0]!);
          expect(() => tensor(values)).toThrow(ValueError);
          expect(() => tensor(values)).toThrow(`tensor: the nested array is ragged on axis ${depth}`);
        },
      ),
    );
  });
});

group("typed arrays", () => {
  const kinds = [
    Float32Array,
    Float64Array,
    Int32Array,
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Uint32Array,
  ];

  test.each(kinds)("%o is copied, with its dtype if it has one", (Kind) => {
    const values = Kind.from([0, 1, 3, 120]);
    const made = tensor(values, { shape: [2, 2] });
    const own = { Float64Array: "float64", Int32Array: "int32" }[Kind.name] ?? "float32";
    expect(made.dtype).toBe(own);
    expect(made.array()).toEqual([
      [0, 1],
      [3, 120],
    ]);
    values.fill(7);
    expect(made.array()).toEqual([
      [0, 1],
      [3, 120],
    ]);
    for (const dtype of ["float32", "float64", "int32"] as const)
      expect(tensor(values, { dtype }).array()).toEqual([7, 7, 7, 7]);
  });

  test("bytes of 0 and 1 make bool when asked", () => {
    expect(tensor(Uint8Array.of(1, 0), { dtype: "bool" }).array()).toEqual([true, false]);
    expect(() => tensor(Uint8Array.of(2), { dtype: "bool" })).toThrow("tensor: 2 is not a bool");
  });
});

group("npm ndarrays", () => {
  test.each<DType>(["float32", "float64", "int32"])("%s: one memory both ways, strides and all", (dtype) => {
    fc.assert(
      fc.property(shapes, fc.infiniteStream(fc.boolean()), (shape, coin) => {
        const memory = allocate(dtype, sizeOf(shape)).map((_, i) => i);
        let source = ndarray(memory, [...shape]).transpose(...shape.map((_, axis) => shape.length - 1 - axis));
        source = source.step(...source.shape.map(() => (coin.next().value ? -1 : 1)));
        const made = tensor(source) as EagerTensor;
        expect(made.dtype).toBe(dtype);
        expect(made.buffer).toBe(memory);
        const back = made.ndarray();
        expect([back.data, back.shape, back.stride, back.offset]).toEqual([
          memory,
          source.shape,
          source.stride,
          source.offset,
        ]);
        expect(back.data).toBe(memory);
        const index = source.shape.map((extent) => extent - 1);
        source.data[source.index(...index)] = 99;
        expect(back.get(...index)).toBe(99);
        expect(made.data.at(-1)).toBe(99);
      }),
    );
  });

  test("other element types and other dtypes are converted, hence copied", () => {
    for (const memory of [Uint8Array.of(1, 2, 3, 4), [1, 2, 3, 4], Float64Array.of(1, 2, 3, 4)]) {
      const source = ndarray(memory, [2, 2]).transpose(1, 0);
      for (const dtype of ["float32", "int32"] as const) {
        const made = tensor(source, { dtype }) as EagerTensor;
        expect([made.dtype, made.array()]).toEqual([
          dtype,
          [
            [1, 3],
            [2, 4],
          ],
        ]);
        expect(made.buffer).not.toBe(memory);
      }
    }
    expect(tensor(ndarray(Uint8Array.of(5))).dtype).toBe("float32");
    expect(() => tensor(ndarray([0.5]), { dtype: "int32" })).toThrow("tensor: 0.5 is not an int32");
  });

  test("bytes are shared as bool when they are 0 and 1, and refused otherwise", () => {
    const memory = Uint8Array.of(1, 0, 7, 1);
    const source = ndarray(memory, [2], [3]);
    const made = tensor(source, { dtype: "bool" }) as EagerTensor;
    expect(made.buffer).toBe(memory);
    expect(made.array()).toEqual([true, true]);
    expect(() => tensor(ndarray(memory), { dtype: "bool" })).toThrow("tensor: 7 is not a bool");
  });
});

group("tensors", () => {
  test("come back as they are, or converted, or in another shape", () => {
    const made = tensor([
      [1, 0],
      [0, 1],
    ]);
    expect(tensor(made)).toBe(made);
    expect(tensor(made, { dtype: "float32" })).toBe(made);
    for (const dtype of dtypes) {
      const converted = tensor(made, { dtype });
      expect([converted.dtype, converted.shape, [...converted.data]]).toEqual([dtype, [2, 2], [1, 0, 0, 1]]);
    }
    expect(tensor(made, { shape: [4] }).array()).toEqual([1, 0, 0, 1]);
    expect(() => tensor(tensor(0.5), { dtype: "int32" })).toThrow(TypeError);
  });

  test("without a value are refused", () => {
    class Symbolic extends Tensor {
      readonly dtype = "float32";
      readonly shape = [];
      toString() {
        return "";
      }
      get data(): never {
        throw new Error("no value");
      }
    }
    expect(() => tensor(new Symbolic())).toThrow(TypeError);
    expect(() => tensor(new Symbolic())).toThrow("tensor: the tensor has no value yet; run it in a session");
  });
});

test("a shape must have as many elements as there are values, and is copied", () => {
  const shape = [2, 2];
  const made = tensor([1, 2, 3, 4], { shape });
  shape.push(9);
  expect(made.shape).toEqual([2, 2]);
  expect(
    tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { shape: [4, 1] },
    ).array(),
  ).toEqual([[1], [2], [3], [4]]);
  expect(tensor([7], { shape: [] }).item()).toBe(7);
  expect(() => tensor([1, 2, 3], { shape: [2, 2] })).toThrow(
    "tensor: 3 values do not fill shape [2, 2], which has 4 elements",
  );
  expect(() => tensor(1, { shape: [2] })).toThrow(ValueError);
});

group("errors", () => {
  const strange: [string, unknown, string][] = [
    ["string", "abc", 'the string "abc"'],
    ["string inside", [[1], ["2"]], 'the string "2"'],
    ["null", null, "null"],
    ["undefined", undefined, "undefined"],
    ["hole", [1, undefined, 3], "undefined"],
    ["bigint", 5n, "the bigint 5"],
    ["bigints", BigInt64Array.of(1n), "an object of class BigInt64Array"],
    ["symbol", Symbol("s"), "the symbol Symbol(s)"],
    ["object", {}, "an object of class Object"],
    ["object without prototype", Object.create(null), "an object of class Object"],
    ["map", new Map(), "an object of class Map"],
    ["view", new DataView(new ArrayBuffer(4)), "an object of class DataView"],
    ["function", Math.sin, "a function (sin)"],
    ["nameless function", () => 1, "a function"],
  ];
  test.each(strange)("%s", (_, value, name) => {
    expect(() => tensor(value as TensorLike)).toThrow(TypeError);
    expect(() => tensor(value as TensorLike)).toThrow(
      `tensor: cannot make a tensor of ${name}; use numbers, booleans, arrays of them, typed arrays or ndarrays`,
    );
  });
  test("describe", () => {
    for (const [, value, name] of strange) if (!Array.isArray(value)) expect(describe(value)).toBe(name);
  });

  test.each<[unknown, DType, string]>([
    [[1, 0.5], "int32", "add: 0.5 is not an int32; round it, or use dtype float32 or float64"],
    [2 ** 31, "int32", "add: 2147483648 is not an int32"],
    [Number.NaN, "int32", "add: NaN is not an int32"],
    [Float32Array.of(1.5), "int32", "add: 1.5 is not an int32"],
    [[true, 3], "bool", "add: 3 is not a bool; use true, false, 1 or 0"],
  ])("%s as %s, in the name of the op", (value, dtype, message) => {
    expect(() => literal("add", value, { dtype })).toThrow(TypeError);
    expect(() => literal("add", value, { dtype })).toThrow(message);
  });

  test("dtype and shape are checked first", () => {
    expect(() => tensor(1, { dtype: "int64" as DType })).toThrow('tensor: unknown dtype "int64"');
    expect(() => tensor("x" as never, { shape: [-1] })).toThrow("tensor: -1 in shape [-1] is not an extent");
    expect(() => tensor([1, [2]])).toThrow("ragged on axis 1: 1 values where others have a single value");
    expect(() => tensor([[1], 2])).toThrow("ragged on axis 1: a single value where others have 1 values");
  });
});

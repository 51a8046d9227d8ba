import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eye, fill, linspace, ones, range, zeros } from "./constructors.ts";
import { type DType, dtypes } from "./dtype.ts";
import { ValueError } from "./errors.ts";
import { sizeOf } from "./shape.ts";

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
const anyDType = fc.constantFrom(...dtypes);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });

test("zeros, ones and fill hold one value everywhere", () => {
  fc.assert(
    fc.property(shapes, anyDType, fc.boolean(), (shape, dtype, value) => {
      for (const [made, element] of [
        [zeros(shape, { dtype }), 0],
        [ones(shape, { dtype }), 1],
        [fill(shape, value, { dtype }), Number(value)],
      ] as const) {
        expect(made.shape).toEqual(shape);
        expect(made.dtype).toBe(dtype);
        expect([...made.data]).toEqual(Array(sizeOf(shape)).fill(element));
      }
    }),
  );
});

test("the shape is copied", () => {
  const shape = [2, 3];
  const made = [zeros(shape), fill(shape, 1)];
  shape[0] = 7;
  for (const tensor of made) expect(tensor.shape).toEqual([2, 3]);
});

test("dtypes when none is given", () => {
  expect(zeros([1]).dtype).toBe("float32");
  expect(ones([1]).dtype).toBe("float32");
  expect(fill([1], 2).dtype).toBe("float32");
  expect(fill([1], true).dtype).toBe("bool");
  expect(eye(2).dtype).toBe("float32");
  expect(linspace(0, 1, 2).dtype).toBe("float32");
  expect(range(3).dtype).toBe("int32");
  expect(range(0, 1, 0.5).dtype).toBe("float32");
  expect(range(0, 3, 1, { dtype: "float64" }).dtype).toBe("float64");
  expect(range(2 ** 31, 2 ** 31 + 2).dtype).toBe("float32");
});

describe("range", () => {
  const integer = fc.integer({ min: -300, max: 300 });

  test("is the loop it stands for", () => {
    fc.assert(
      fc.property(integer, integer, integer, (start, limit, delta) => {
        fc.pre(delta !== 0 && (limit - start) / delta >= 0);
        const expected: number[] = [];
        for (let x = start; delta > 0 ? x < limit : x > limit; x += delta) expected.push(x);
        expect([...range(start, limit, delta).data]).toEqual(expected);
      }),
    );
  });

  test("of fractions: as many as TensorFlow gives, no drift", () => {
    fc.assert(
      fc.property(finite, fc.double({ min: 0.01, max: 10, noNaN: true }), fc.nat(200), (start, delta, n) => {
        const { data } = range(start, start + n * delta, delta, { dtype: "float64" });
        expect(data.length).toBe(Math.ceil((start + n * delta - start) / delta));
        for (const [i, x] of data.entries()) expect(x).toBe(start + i * delta);
      }),
    );
    expect([...range(0, 1, 0.25).data]).toEqual([0, 0.25, 0.5, 0.75]);
  });

  test("the ways to leave arguments out", () => {
    expect(range(4)).toEqual(range(0, 4, 1));
    expect(range(4, null, 2)).toEqual(range(0, 4, 2));
    expect(range(2, 4)).toEqual(range(2, 4, 1));
    expect(range(4, { dtype: "float32" }).data).toEqual(Float32Array.of(0, 1, 2, 3));
    expect(range(1, 3, { dtype: "float64" }).data).toEqual(Float64Array.of(1, 2));
    expect(range(0).shape).toEqual([0]);
    expect([...range(0, -3, -1).data]).toEqual([0, -1, -2].map((x) => x));
  });
});

describe("linspace", () => {
  test("begins and ends exactly, never turns back, keeps whole numbers whole", () => {
    fc.assert(
      fc.property(finite, finite, fc.integer({ min: 2, max: 300 }), (start, stop, num) => {
        for (const dtype of ["float32", "float64"] as const) {
          const round = dtype === "float32" ? Math.fround : Number;
          const { data } = linspace(start, stop, num, { dtype });
          expect(data.length).toBe(num);
          expect(data[0]).toBe(round(start));
          expect(data[num - 1]).toBe(round(stop));
          const slack = (Math.abs(start) + Math.abs(stop)) * 2 ** -52;
          const direction = Math.sign(stop - start);
          for (let i = 1; i < num; i++) expect((data[i]! - data[i - 1]!) * direction).toBeGreaterThanOrEqual(-slack);
        }
      }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: -1e6, max: 1e6 }),
        fc.integer({ min: 1, max: 500 }),
        fc.nat(20),
        (first, n, step) => {
          const { data } = linspace(first, first + n * step, n + 1, { dtype: "float64" });
          expect([...data]).toEqual(Array.from({ length: n + 1 }, (_, i) => first + i * step));
        },
      ),
    );
  });

  test("one number, and the widest range there is", () => {
    expect([...linspace(3, 9, 1).data]).toEqual([3]);
    const far = 2 ** 1023;
    expect([...linspace(-far, far, 5, { dtype: "float64" }).data]).toEqual([-far, -0.5 * far, 0, 0.5 * far, far]);
  });
});

test("eye has ones where row equals column", () => {
  const extent = fc.integer({ min: 0, max: 6 });
  fc.assert(
    fc.property(extent, extent, anyDType, (rows, columns, dtype) => {
      const made = eye(rows, { columns, dtype });
      expect(made.shape).toEqual([rows, columns]);
      expect(made.dtype).toBe(dtype);
      const expected = Array.from({ length: rows * columns }, (_, k) =>
        Number(Math.floor(k / columns) === k % columns),
      );
      expect([...made.data]).toEqual(expected);
    }),
  );
  expect(eye(3)).toEqual(eye(3, { columns: 3 }));
});

test.each<[() => unknown, typeof ValueError | typeof TypeError, string]>([
  [() => zeros([2, -1]), ValueError, "zeros: -1 in shape [2, -1] is not an extent"],
  [() => zeros(3 as never), TypeError, "zeros: a shape is an array of extents, got the number 3"],
  [() => ones([1], { dtype: "int64" as DType }), ValueError, 'ones: unknown dtype "int64"'],
  [() => fill([1], 0.5, { dtype: "int32" }), TypeError, "fill: 0.5 is not an int32"],
  [() => fill([1], 2, { dtype: "bool" }), TypeError, "fill: 2 is not a bool"],
  [() => fill([1], "x" as never), TypeError, 'fill: cannot fill a tensor with the string "x"'],
  [() => range(0, 3, 0), ValueError, "range: delta is 0"],
  [() => range(0, 3, -1), ValueError, "range: steps of -1 never lead from 0 to 3"],
  [() => range(3, 0), ValueError, "range: steps of 1 never lead from 3 to 0"],
  [() => range(Number.NaN), ValueError, "range: limit is NaN; use a finite number"],
  [() => range(0, Number.POSITIVE_INFINITY), ValueError, "range: limit is Infinity"],
  [() => range("3" as never), TypeError, 'range: limit is the string "3"; use a number'],
  [() => range(0, 1, 0.5, { dtype: "int32" }), TypeError, "range: delta 0.5 is not an int32"],
  [() => range(0, 1, 1, { dtype: "bool" }), TypeError, "range: dtype bool has no ranges"],
  [() => range(0, 1, 1, { dtype: "half" as DType }), ValueError, 'range: unknown dtype "half"'],
  [() => linspace(0, 1, 0), ValueError, "linspace: num is 0; use an integer >= 1"],
  [() => linspace(0, 1, 2.5), ValueError, "linspace: num is 2.5"],
  [() => linspace(0, Number.NaN, 2), ValueError, "linspace: stop is NaN"],
  [() => linspace(0, 1, 2, { dtype: "int32" }), TypeError, "linspace: dtype int32 cannot hold evenly spaced numbers"],
  [() => eye(-1), ValueError, "eye: rows is -1; use an integer >= 0"],
  [() => eye(2, { columns: 1.5 }), ValueError, "eye: columns is 1.5"],
  [() => eye([2] as never), TypeError, "eye: rows is an array of 1"],
])("error: %s", (run, kind, message) => {
  expect(run).toThrow(kind);
  expect(run).toThrow(message);
});

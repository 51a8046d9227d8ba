import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DType } from "./dtype.ts";
import { tensor } from "./literal.ts";
import { formatTensor } from "./print.ts";
import { sizeOf } from "./shape.ts";

/** A tensor, its elements repeated to fill the shape, and what str(array) gave in NumPy 2.4.1. */
interface Printed {
  dtype: DType;
  shape: number[];
  values: (number | boolean | "nan" | "inf" | "-inf" | "-0")[];
  text: string;
}
const printed: Printed[] = JSON.parse(readFileSync(new URL("./print.fixture.json", import.meta.url), "utf8"));

function element(value: Printed["values"][number]): number | boolean {
  if (typeof value !== "string") return value;
  return { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, "-inf": Number.NEGATIVE_INFINITY, "-0": -0 }[value];
}

describe("prints as NumPy prints", () => {
  test.each(
    printed.map((example) => [
      `${example.dtype} ${JSON.stringify(example.shape)} ${example.values.slice(0, 3)}`,
      example,
    ]),
  )("%s", (_, { dtype, shape, values, text }) => {
    const elements = Array.from({ length: sizeOf(shape) }, (_, i) => element(values[i % values.length]!));
    expect(formatTensor(tensor(elements, { shape, dtype }))).toBe(text);
  });
});

const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });

test("a printed float32 or float64 of up to nine digits reads back as itself", () => {
  for (const [dtype, values] of [
    ["float32", fc.float()],
    ["float64", fc.integer().map((n) => n / 100)],
  ] as const) {
    fc.assert(
      fc.property(values, (value) => {
        const text = formatTensor(tensor(value, { dtype }));
        const back = Number(text.replace("nan", "NaN").replace("inf", "Infinity"));
        expect(dtype === "float32" ? Math.fround(back) : back).toBe(value);
      }),
    );
  }
});

test("no line is longer than 75 characters, unless a single element is", () => {
  fc.assert(
    fc.property(shapes, fc.infiniteStream(fc.double()), fc.boolean(), (shape, stream, single) => {
      const values = [...stream.take(sizeOf(shape))];
      const text = formatTensor(tensor(values, { shape, dtype: single ? "float32" : "float64" }));
      for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(75);
    }),
  );
});

test("brackets nest as the shape does, elements stand in order", () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const values = Array.from({ length: sizeOf(shape) }, (_, i) => i);
      const made = tensor(values, { shape, dtype: "int32" });
      const json = formatTensor(made)
        .replace(/\s*\]\s*(?=\[)/g, "],")
        .replace(/(?<=\d)\s+(?=\d)/g, ",");
      expect(JSON.parse(json)).toEqual(made.array());
    }),
  );
});

test("toString and template strings print, views too", () => {
  const made = tensor([
    [1, 2],
    [3, 4.5],
  ]);
  expect(`${made}`).toBe("[[1.  2. ]\n [3.  4.5]]");
  expect(String(tensor(made.ndarray().transpose(1, 0)))).toBe("[[1.  3. ]\n [2.  4.5]]");
});

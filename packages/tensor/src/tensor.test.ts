import fc from "fast-check";
import { expect, test } from "vitest";
import { type DType, dtypes } from "./dtype.ts";
import { ValueError } from "./errors.ts";
import { type Layout, permuted, rowMajor, sliced } from "./layout.ts";
import { allocate } from "./memory.ts";
import { type Shape, sizeOf } from "./shape.ts";
import { compact, copyInto, EagerTensor, emptyTensor, fromData, type NestedArray } from "./tensor.ts";

/** Every second element along some axes of a bigger tensor, its axes shuffled; the elements count up. */
const views = fc
  .tuple(
    fc.constantFrom(...dtypes),
    fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }),
    fc.infiniteStream(fc.nat(5)),
    fc.integer({ min: 0, max: 5 }),
  )
  .map(([dtype, shape, random, offset]) => {
    const steps = shape.map(() => [1, 1, 2, -1, -2, 1][random.next().value!]!);
    const whole = shape.map((extent, axis) => extent * Math.abs(steps[axis]!));
    const begin = whole.map((extent, axis) => (steps[axis]! < 0 ? Math.max(0, extent - 1) : 0));
    const order = shape.map((_, axis) => axis).sort((a, b) => ((a * 7 + offset) % 4) - ((b * 7 + offset) % 4));
    const layout = permuted(sliced(rowMajor(whole, offset), begin, shape, steps), order);
    const buffer = allocate(dtype, offset + sizeOf(whole) + 2).map((_, i) => (dtype === "bool" ? i % 2 : i + 1));
    return new EagerTensor(dtype, layout, buffer);
  });

function at({ layout: { strides, offset }, buffer }: EagerTensor, index: readonly number[]): number {
  return buffer[index.reduce((sum, i, axis) => sum + i * strides[axis]!, offset)]!;
}

function indices(shape: Shape): number[][] {
  return shape.reduce<number[][]>(
    (list, extent) => list.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])),
    [[]],
  );
}

function pick(nested: NestedArray, index: readonly number[]): NestedArray {
  return index.reduce<NestedArray>((level, i) => (level as readonly NestedArray[])[i]!, nested);
}

test("data, array, compact and ndarray show the elements that the layout names", () => {
  fc.assert(
    fc.property(views, (view) => {
      const elements = indices(view.shape).map((index) => at(view, index));
      expect([...view.data]).toEqual(elements);
      expect(view.data.constructor).toBe(allocate(view.dtype, 0).constructor);
      expect(compact(view).data).toEqual(view.data);
      const nested = view.array();
      const array = view.ndarray();
      for (const index of indices(view.shape)) {
        expect(pick(nested, index)).toBe(view.dtype === "bool" ? at(view, index) === 1 : at(view, index));
        expect(array.get(...index)).toBe(at(view, index));
      }
    }),
    { numRuns: 300 },
  );
});

test("an ndarray is the tensor's memory, both of a dense tensor and of a view", () => {
  fc.assert(fc.property(views, (view) => view.ndarray().data === view.buffer));
});

test("data of a dense tensor is its memory, of a dense part a window into it, of anything else a copy", () => {
  const memory = Float32Array.of(0, 1, 2, 3, 4, 5);
  const over = (layout: Layout) => new EagerTensor("float32", layout, memory).data;
  expect(over(rowMajor([2, 3]))).toBe(memory);
  expect(over(rowMajor([2, 2], 1)).buffer).toBe(memory.buffer);
  expect(over({ shape: [3], strides: [2], offset: 0 }).buffer).not.toBe(memory.buffer);
});

test("copyInto writes the named places and no others", () => {
  fc.assert(
    fc.property(views, (view) => {
      // A target with the axes reversed and room between the elements.
      const layout: Layout = {
        shape: view.shape,
        strides: [...rowMajor([...view.shape].reverse()).strides].reverse().map((stride) => stride * 2),
        offset: 1,
      };
      const target = allocate(view.dtype, 2 * view.size + 2).fill(9);
      copyInto(target, layout, view);
      const written = new Set<number>();
      for (const index of indices(view.shape)) {
        const place = index.reduce((sum, i, axis) => sum + i * layout.strides[axis]!, 1);
        written.add(place);
        expect(target[place]).toBe(at(view, index));
      }
      target.forEach((value, place) => {
        if (!written.has(place)) expect(value).toBe(9);
      });
    }),
    { numRuns: 300 },
  );
});

test("compact leaves a dense tensor alone", () => {
  const dense = emptyTensor("float64", [2, 3]);
  expect(compact(dense)).toBe(dense);
});

test("rank, size and item", () => {
  const scalar = (dtype: DType, value: number) => fromData(dtype, [], allocate(dtype, 1).fill(value));
  expect([scalar("float32", 0.1).item(), scalar("int32", -7).item()]).toEqual([Math.fround(0.1), -7]);
  expect([scalar("bool", 1).item(), scalar("bool", 0).item()]).toEqual([true, false]);
  expect(fromData("int32", [1, 1], Int32Array.of(5)).item()).toBe(5);
  expect([emptyTensor("int32", [2, 0, 3]).rank, emptyTensor("int32", [2, 0, 3]).size]).toEqual([3, 0]);
  expect(() => emptyTensor("float32", [2]).item()).toThrow(ValueError);
  expect(() => emptyTensor("float32", [2, 3]).item()).toThrow(
    "item: the tensor has shape [2, 3]; item() needs exactly one element",
  );
  expect(emptyTensor("float32", [2, 0]).array()).toEqual([[], []]);
});

import type { Tensor } from "@gradtape/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  always,
  draw,
  drawShape,
  drawView,
  expectSame,
  flat,
  folded,
  indicesOf,
  type Nd,
  stretched,
  upTo,
} from "../fixtures/nd.ts";
import * as g from "../index.ts";

/* Ops that move, pick and fold elements, on random views (of any rank, also without elements) against arrays that are plain functions of indices. */

describe("reductions", () => {
  const total = (row: number[]) => row.reduce((sum, x) => sum + x, 0);
  test.each<[string, (x: g.Operand, options: object) => Tensor, (row: number[]) => number, number]>([
    ["sum", g.sum, total, 0],
    ["prod", g.prod, (row) => Math.fround(row.reduce((product, x) => product * x, 1)), 0],
    ["max", g.max, (row) => Math.max(...row), 0],
    ["min", g.min, (row) => Math.min(...row), 0],
    ["mean", g.mean, (row) => Math.fround(total(row) / row.length), 1],
  ])("%s over any axes", (_, op, fold, min) => {
    always((gen) => {
      const x = draw(gen, drawShape(gen, upTo(gen, 3), min));
      const axes = gen(fc.subarray<number>, [...x.nd.shape.keys()]);
      const negative = axes.map((axis) => (upTo(gen, 1) === 0 ? axis : axis - x.nd.shape.length)).reverse();
      const keepDims = upTo(gen, 1) === 1;
      expectSame(op(x.tensor, { axis: negative, keepDims }), folded(x.nd, axes, keepDims, fold));
      expectSame(op(x.tensor, {}), folded(x.nd, [...x.nd.shape.keys()], false, fold));
    });
  });

  test("any and all", () => {
    always((gen) => {
      const x = drawView(gen, drawShape(gen), "bool");
      const axes = gen(fc.subarray<number>, [...x.nd.shape.keys()]);
      const some = folded(x.nd, axes, false, (row) => Number(row.some((value) => value === 1)));
      const every = folded(x.nd, axes, false, (row) => Number(row.every((value) => value === 1)));
      expectSame(g.any(x.tensor, axes), some, "bool");
      expectSame(g.all(x.tensor, axes), every, "bool");
    });
  });

  test("argMax and argMin: the first of equals, NaN never", () => {
    always((gen) => {
      const x = draw(gen, drawShape(gen, upTo(gen, 3, 1), 1));
      const axis = upTo(gen, x.nd.shape.length - 1);
      for (const [op, best] of [
        [g.argMax, Math.max],
        [g.argMin, Math.min],
      ] as const) {
        expectSame(
          op(x.tensor, axis),
          folded(x.nd, [axis], false, (row) => row.indexOf(best(...row))),
          "int32",
        );
      }
    });
    expect(g.argMax([1, Number.NaN, 3, Number.NaN]).item()).toBe(2);
    expect(g.argMin([1, Number.NaN, 0]).item()).toBe(2);
  });
});

describe("shapes", () => {
  test("reshape keeps the elements in row-major order, whatever they are a view of", () => {
    always((gen) => {
      const x = drawView(gen);
      const size = flat(x.nd).length;
      const last = [1, 2, 3].filter((extent) => size % extent === 0)[upTo(gen, 0)]!;
      const reshaped = g.reshape(x.tensor, size === 0 ? [0, 2] : [-1, last]);
      expect(reshaped.shape).toEqual(size === 0 ? [0, 2] : [size / last, last]);
      expect(Array.from(reshaped.data)).toEqual(flat(x.nd));
    });
  });

  test("expandDims and squeeze undo each other", () => {
    always((gen) => {
      const x = drawView(gen);
      const axis = upTo(gen, x.nd.shape.length);
      const wide = g.expandDims(x.tensor, axis);
      expect(wide.shape).toEqual(x.nd.shape.toSpliced(axis, 0, 1));
      expectSame(g.squeeze(wide, { axis }), x.nd);
      const narrow = x.nd.shape.filter((extent) => extent !== 1);
      expect(g.squeeze(x.tensor).shape).toEqual(narrow);
    });
  });

  test("concat, stack and unstack", () => {
    always((gen) => {
      const shape = drawShape(gen, upTo(gen, 3, 1));
      const axis = upTo(gen, shape.length - 1);
      const parts = Array.from({ length: upTo(gen, 3, 1) }, () => draw(gen, shape.toSpliced(axis, 1, upTo(gen, 3))));
      const owner = parts.flatMap(({ nd }) => Array.from({ length: nd.shape[axis]! }, (_, i) => [nd, i] as const));
      expectSame(
        g.concat(
          parts.map(({ tensor }) => tensor),
          axis - shape.length * upTo(gen, 1),
        ),
        {
          shape: shape.toSpliced(axis, 1, owner.length),
          at: (index) => owner[index[axis]!]![0].at([...index].toSpliced(axis, 1, owner[index[axis]!]![1])),
        },
      );
      const same = parts.map(() => draw(gen, shape));
      const stacked = g.stack(
        same.map(({ tensor }) => tensor),
        { axis },
      );
      expectSame(stacked, {
        shape: shape.toSpliced(axis, 0, same.length),
        at: (index) => same[index[axis]!]!.nd.at([...index].toSpliced(axis, 1)),
      });
      g.unstack(stacked, { axis }).forEach((part, i) => {
        expectSame(part, same[i]!.nd);
      });
    });
  });

  test("embed and pad lay a piece into zeros", () => {
    always((gen) => {
      const x = drawView(gen);
      const paddings = x.nd.shape.map(() => [upTo(gen, 2), upTo(gen, 2)] as const);
      const steps = x.nd.shape.map(() => upTo(gen, 2, 1));
      const laid = (begin: readonly number[], step: readonly number[], shape: readonly number[]): Nd => ({
        shape,
        at(index) {
          const inner = index.map((i, axis) => (i - begin[axis]!) / step[axis]!);
          const inside = inner.every((i, axis) => Number.isInteger(i) && i >= 0 && i < x.nd.shape[axis]!);
          return inside ? x.nd.at(inner) : 0;
        },
      });
      const before = paddings.map(([first]) => first);
      const ones = steps.map(() => 1);
      const padded = x.nd.shape.map((extent, axis) => paddings[axis]![0] + extent + paddings[axis]![1]);
      expectSame(g.pad(x.tensor, paddings), laid(before, ones, padded));
      const spread = x.nd.shape.map((extent, axis) => before[axis]! + extent * steps[axis]!);
      expectSame(g.embed(x.tensor, spread, before, { steps }), laid(before, steps, spread));
    });
  });
});

describe("rows", () => {
  test("gather on any axis, with batch dimensions", () => {
    always((gen) => {
      const shape = drawShape(gen, upTo(gen, 3, 1), 1);
      const axis = upTo(gen, shape.length - 1);
      const batchDims = upTo(gen, Math.min(axis, 1));
      const picks = [...shape.slice(0, batchDims), ...drawShape(gen, upTo(gen, 2))];
      const table = draw(gen, shape);
      const ids = indicesOf(picks).map(() => upTo(gen, shape[axis]! - 1));
      const idAt = (index: readonly number[]) => ids[indicesOf(picks).findIndex((i) => i.join() === index.join())]!;
      const indices = g.reshape(new Int32Array(ids), picks);
      const middle = picks.length - batchDims;
      expectSame(g.gather(table.tensor, indices, { axis, batchDims }), {
        shape: [...shape.slice(0, axis), ...picks.slice(batchDims), ...shape.slice(axis + 1)],
        at(index) {
          const id = idAt([...index.slice(0, batchDims), ...index.slice(axis, axis + middle)]);
          return table.nd.at([...index.slice(0, axis), id, ...index.slice(axis + middle)]);
        },
      });
    });
  });

  test("unsortedSegmentSum adds the rows of an id, and drops negative ids", () => {
    always((gen) => {
      const shape = drawShape(gen, upTo(gen, 3, 1));
      const rank = upTo(gen, shape.length);
      const leading = indicesOf(shape.slice(0, rank));
      const ids = leading.map(() => upTo(gen, 2, -1));
      const data = draw(gen, shape);
      expectSame(g.unsortedSegmentSum(data.tensor, g.reshape(new Int32Array(ids), shape.slice(0, rank)), 3), {
        shape: [3, ...shape.slice(rank)],
        at: ([row, ...rest]) =>
          leading.reduce((sum, lead, i) => (ids[i] === row ? sum + data.nd.at([...lead, ...rest]) : sum), 0),
      });
    });
  });

  test("unique and nonZero", () => {
    always((gen) => {
      const x = draw(gen, [upTo(gen, 8)], "int32");
      const list = flat(x.nd);
      const { values, positions } = g.unique(x.tensor);
      expect(Array.from(values.data)).toEqual([...new Set(list)]);
      expect(Array.from(g.gather(values, positions).data)).toEqual(list);
      expect(Array.from(g.nonZero(x.tensor).data)).toEqual(list.flatMap((value, i) => (value === 0 ? [] : [i])));
    });
  });

  test("oneHot along any axis; indices outside give zeros", () => {
    always((gen) => {
      const ids = draw(gen, drawShape(gen, upTo(gen, 2)), "int32");
      const axis = upTo(gen, ids.nd.shape.length);
      expectSame(g.oneHot(ids.tensor, 4, { axis }), {
        shape: ids.nd.shape.toSpliced(axis, 0, 4),
        at: (index) => Number(ids.nd.at([...index].toSpliced(axis, 1)) === index[axis]),
      });
    });
  });
});

describe("matMul", () => {
  test("of views, with transposes and leading axes that broadcast", () => {
    always((gen) => {
      const [m, k, n] = [upTo(gen, 3), upTo(gen, 3), upTo(gen, 3)];
      const [transposeA, transposeB] = [upTo(gen, 1) === 1, upTo(gen, 1) === 1];
      const batch = drawShape(gen, upTo(gen, 2), 1);
      const lead = () => batch.slice(upTo(gen, batch.length)).map((extent) => (upTo(gen, 1) === 0 ? 1 : extent));
      const a = draw(gen, [...lead(), ...(transposeA ? [k, m] : [m, k])]);
      const b = draw(gen, [...lead(), ...(transposeB ? [n, k] : [k, n])]);
      const fronts = [a, b].map(({ nd }) => nd.shape.slice(0, -2));
      const rank = Math.max(...fronts.map((front) => front.length));
      const common = Array.from({ length: rank }, (_, axis) =>
        Math.max(...fronts.map((front) => front[axis - rank + front.length] ?? 1)),
      );
      const [left, right] = [a, b].map(({ nd }) => stretched(nd, [...common, ...nd.shape.slice(-2)])) as [Nd, Nd];
      expectSame(g.matMul(a.tensor, b.tensor, { transposeA, transposeB }), {
        shape: [...common, m, n],
        at(index) {
          const [i, j] = index.slice(-2) as [number, number];
          const front = index.slice(0, -2);
          return Array.from({ length: k }, (_, s) => {
            const x = left.at([...front, ...(transposeA ? [s, i] : [i, s])]);
            return x * right.at([...front, ...(transposeB ? [j, s] : [s, j])]);
          }).reduce((sum, product) => sum + product, 0);
        },
      });
    });
  });
});

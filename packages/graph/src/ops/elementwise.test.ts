import type { DType, Tensor } from "@gradtape/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { always, draw, drawShape, drawView, expectSame, type Gen, type Nd, stretched, upTo } from "../fixtures/nd.ts";
import * as g from "../index.ts";

/* Elementwise ops on random views (of any rank, also without elements) against arrays that are plain functions of indices. */

const each = (nd: Nd, f: (x: number) => number): Nd => ({ shape: nd.shape, at: (index) => f(nd.at(index)) });

describe("elementwise", () => {
  const unary: [string, (x: g.Operand) => Tensor, (x: number) => number][] = [
    ["neg", g.neg, (x) => -x],
    ["abs", g.abs, Math.abs],
    ["sign", g.sign, Math.sign],
    ["square", g.square, (x) => x * x],
    ["relu", g.relu, (x) => Math.max(x, 0)],
    ["floor", g.floor, Math.floor],
    ["sqrt", g.sqrt, (x) => Math.fround(Math.sqrt(x))],
    ["identity", g.identity, (x) => x],
    ["stopGradient", g.stopGradient, (x) => x],
  ];
  test.each(unary)("%s", (_, op, oracle) => {
    always((gen) => {
      const x = drawView(gen);
      expectSame(op(x.tensor), each(x.nd, oracle));
    });
  });

  const round = Math.fround;
  type Binary = (x: g.Operand, y: g.Operand) => Tensor;
  const binary: [string, Binary, (x: number, y: number) => number, DType?][] = [
    ["add", g.add, (x, y) => x + y],
    ["sub", g.sub, (x, y) => x - y],
    ["mul", g.mul, (x, y) => x * y],
    ["div", g.div, (x, y) => round(x / y)],
    ["maximum", g.maximum, Math.max],
    ["minimum", g.minimum, Math.min],
    ["equal", g.equal, (x, y) => Number(x === y), "bool"],
    ["notEqual", g.notEqual, (x, y) => Number(x !== y), "bool"],
    ["less", g.less, (x, y) => Number(x < y), "bool"],
    ["lessEqual", g.lessEqual, (x, y) => Number(x <= y), "bool"],
    ["greater", g.greater, (x, y) => Number(x > y), "bool"],
    ["greaterEqual", g.greaterEqual, (x, y) => Number(x >= y), "bool"],
  ];
  /** Two views whose shapes stretch to one. */
  const drawPair = (gen: Gen, dtype?: DType) => {
    const shape = drawShape(gen);
    const shrink = () => shape.slice(upTo(gen, shape.length)).map((extent) => (upTo(gen, 2) === 0 ? 1 : extent));
    const [x, y] = [draw(gen, shrink(), dtype), draw(gen, shrink(), dtype)];
    const rank = Math.max(x.nd.shape.length, y.nd.shape.length);
    const both = Array.from({ length: rank }, (_, axis) => {
      const [a, b] = [x, y].map(({ nd }) => nd.shape[axis - rank + nd.shape.length] ?? 1);
      return a === 1 ? b! : a!;
    });
    return { x, y, at: (i: number[]) => [stretched(x.nd, both).at(i), stretched(y.nd, both).at(i)] as const, both };
  };

  test.each(binary)("%s, with broadcasting", (_, op, oracle, dtype) => {
    always((gen) => {
      const { x, y, at, both } = drawPair(gen);
      const result = op(x.tensor, y.tensor);
      expectSame(result, { shape: both, at: (index) => oracle(...at([...index])) }, dtype);
    });
  });

  test.each([
    ["add", g.add, (x: number, y: number) => (x + y) | 0],
    ["sub", g.sub, (x: number, y: number) => (x - y) | 0],
    ["mul", g.mul, Math.imul],
    ["maximum", g.maximum, Math.max],
    ["minimum", g.minimum, Math.min],
  ] as const)("%s of integers, which wrap around", (_, op, oracle) => {
    const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(int32, int32, (x, y) => {
        const [a, b] = [new Int32Array([x]), new Int32Array([y])];
        expect(Array.from(op(a, b).data)).toEqual([oracle(x, y)]);
        expect(op(a, b).dtype).toBe("int32");
      }),
    );
  });

  test.each([
    ["logicalAnd", g.logicalAnd, (x: number, y: number) => x & y],
    ["logicalOr", g.logicalOr, (x: number, y: number) => x | y],
  ] as const)("%s", (_, op, oracle) => {
    always((gen) => {
      const { x, y, at, both } = drawPair(gen, "bool");
      expectSame(op(x.tensor, y.tensor), { shape: both, at: (index) => oracle(...at([...index])) }, "bool");
      expectSame(
        g.logicalNot(x.tensor),
        each(x.nd, (value) => 1 - value),
        "bool",
      );
    });
  });

  test("where, all three broadcast", () => {
    always((gen) => {
      const { x, y, at, both } = drawPair(gen);
      const condition = draw(
        gen,
        both.map((extent) => (upTo(gen, 1) === 0 ? 1 : extent)),
        "bool",
      );
      const choose = stretched(condition.nd, both);
      expectSame(g.where(condition.tensor, x.tensor, y.tensor), {
        shape: both,
        at: (index) => at([...index])[choose.at(index) === 1 ? 0 : 1],
      });
    });
  });

  test("cast between all dtypes", () => {
    const as: Record<DType, (x: number) => number> = {
      float32: Math.fround,
      float64: (x) => x,
      int32: (x) => x | 0,
      bool: (x) => Number(x !== 0),
    };
    always((gen) => {
      for (const [dtype, convert] of Object.entries(as) as [DType, (x: number) => number][]) {
        const x = drawView(gen);
        expectSame(g.cast(x.tensor, dtype), each(x.nd, convert), dtype);
      }
    }, 40);
  });

  test("addN", () => {
    always((gen) => {
      const shape = drawShape(gen);
      const terms = Array.from({ length: upTo(gen, 4, 1) }, () => draw(gen, shape));
      const sum = (index: readonly number[]) => terms.reduce((total, { nd }) => total + nd.at(index), 0);
      expectSame(g.addN(terms.map(({ tensor }) => tensor)), { shape, at: sum });
    });
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fusedMultiplyAdd } from "../fixtures/fused.ts";
import { generator } from "../random/generator.ts";
import { WasmModule } from "./assembler.ts";
import { detectFeatures, probeFeatures } from "./features.ts";
import { addGemm } from "./gemm.ts";
import type { Library } from "./library.ts";
import { COLUMNS, ROWS, SCRATCH } from "./panels.ts";

detectFeatures(); // switches multiply-add on where it has to be
const { simd, relaxed: fused } = probeFeatures();

const memory = new WebAssembly.Memory({ initial: 64, maximum: 64 });
const floats = new Float32Array(memory.buffer);

/** The library over blocks so small that a few numbers fill several. */
function library(relaxed: boolean, depth?: number, block?: number): Library {
  const module = new WasmModule({ initial: 1, maximum: 64 });
  addGemm(module, { relaxed, depth, block });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), { env: { memory } });
  return instance.exports as unknown as Library;
}

type Step = (sum: number, a: number, b: number) => number;
const steps: { readonly [form in "fused" | "rounded"]: Step } = {
  fused: (sum, a, b) => fusedMultiplyAdd(a, b, sum),
  rounded: (sum, a, b) => Math.fround(sum + Math.fround(a * b)),
};

const roundUp = (count: number, to: number) => Math.ceil(count / to) * to;
const UNTOUCHED = -77;

/** Areas of the memory, one after the other, with a margin behind each. */
function layOut(sizes: readonly number[]): number[] {
  let end = 64;
  return sizes.map((size) => {
    const at = end;
    end += roundUp(size * 4 + 64, 64);
    return at;
  });
}

/** Strides of a matrix of rows x columns, in elements, by the way it lies. */
function stridesOf(kind: string, rows: number, columns: number): [row: number, column: number, size: number] {
  if (kind === "columns") return [1, rows, rows * columns];
  if (kind === "gaps") return [3 * columns + 1, 3, rows * (3 * columns + 1)];
  if (kind === "same") return [0, 1, columns];
  return [columns, 1, rows * columns];
}

interface Problem {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly kinds: readonly [string, string];
  readonly seed: number;
  /** Elements between the rows of C. */
  readonly margin: number;
}

/** Puts a problem into the memory; answers what the product must be and how to compute rows of it. */
function arrange({ m, n, k, kinds, seed, margin }: Problem, kernels: Library) {
  const [aRow, aColumn, sizeA] = stridesOf(kinds[0], m, k);
  const [bRow, bColumn, sizeB] = stridesOf(kinds[1], k, n);
  const stride = n + margin;
  const sizes = [SCRATCH / 4, sizeA, sizeB, roundUp(m, ROWS) * k, roundUp(n, COLUMNS) * k, m * stride];
  const [scratch, a, b, panelsA, panelsB, c] = layOut(sizes) as [number, number, number, number, number, number];
  floats.fill(UNTOUCHED);
  floats.set(generator(seed).normal([sizeA]).data, a / 4);
  floats.set(generator(seed + 1).normal([sizeB]).data, b / 4);
  kernels.packA(a, aRow * 4, aColumn * 4, m, k, panelsA);
  kernels.packB(b, bColumn * 4, bRow * 4, n, k, panelsB);
  return {
    ...{ panelsA, panelsB, scratch, c, stride },
    left: (i: number, p: number) => floats[a / 4 + i * aRow + p * aColumn]!,
    right: (p: number, j: number) => floats[b / 4 + p * bRow + j * bColumn]!,
    rows: (from: number, count: number) =>
      kernels.gemm(panelsA + from * k * 4, panelsB, c + from * stride * 4, count, n, k, stride * 4, scratch),
    /** All of C, with its margins. */
    result: () => floats.slice(c / 4, c / 4 + m * stride + 16),
  };
}

function expected({ m, n, k }: Problem, of: ReturnType<typeof arrange>, step: Step): Float32Array {
  const result = new Float32Array(m * of.stride + 16).fill(UNTOUCHED);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum = step(sum, of.left(i, p), of.right(p, j));
      result[i * of.stride + j] = sum;
    }
  }
  return result;
}

const kind = fc.constantFrom("rows", "columns", "gaps", "same");
const extent = (max: number) => fc.integer({ min: 1, max });
const problems = fc.record({
  ...{ m: extent(21), n: extent(70), k: fc.nat(30), margin: fc.nat(3), seed: fc.nat(999) },
  kinds: fc.tuple(kind, kind),
});

describe.each(["fused", "rounded"] as const)("%s", (form) => {
  const relaxed = form === "fused";
  const possible = simd && (fused || !relaxed);

  test.runIf(possible)("every element is the plain sum, whatever lies where and wherever blocks end", () => {
    const kernels = library(relaxed, 7, 8);
    fc.assert(
      fc.property(problems, (problem) => {
        const set = arrange(problem, kernels);
        set.rows(0, problem.m);
        expect(set.result()).toEqual(expected(problem, set, steps[form]));
      }),
      { numRuns: 300 },
    );
  });

  test.runIf(possible)("blocks of the usual size end where they end", () => {
    const kernels = library(relaxed);
    for (const [m, n, k] of [
      [133, 9, 20],
      [5, 11, 513],
      [129, 40, 1027],
    ] as const) {
      const problem: Problem = { m, n, k, kinds: ["rows", "columns"], seed: 5, margin: 1 };
      const set = arrange(problem, kernels);
      set.rows(0, m);
      expect(set.result()).toEqual(expected(problem, set, steps[form]));
    }
  });

  test.runIf(possible)("rows computed in ranges, and k in two goes, have the bits of the whole", () => {
    const kernels = library(relaxed, 7, 8);
    fc.assert(
      fc.property(problems, fc.nat(5), (problem, panel) => {
        const set = arrange(problem, kernels);
        set.rows(0, problem.m);
        const whole = set.result();
        const split = Math.min(panel * ROWS, problem.m);
        floats.fill(UNTOUCHED, set.c / 4);
        set.rows(split, problem.m - split);
        set.rows(0, split);
        expect(set.result()).toEqual(whole);
      }),
      { numRuns: 100 },
    );
    const problem: Problem = { m: 6, n: 13, k: 20, kinds: ["rows", "rows"], seed: 3, margin: 2 };
    const set = arrange(problem, kernels);
    set.rows(0, 6);
    const whole = set.result();
    const [first, second] = [12, 8];
    const { panelsA, panelsB, c, stride, scratch } = set;
    const [a, b] = layOut([SCRATCH / 4, 120, 260]).slice(1) as [number, number];
    for (const [from, count, run] of [
      [0, first, kernels.gemm],
      [first, second, kernels.gemmOnto],
    ] as const) {
      kernels.packA(a + from * 4, 20 * 4, 4, 6, count, panelsA);
      kernels.packB(b + from * 13 * 4, 4, 13 * 4, 13, count, panelsB);
      run(panelsA, panelsB, c, 6, 13, count, stride * 4, scratch);
    }
    expect(set.result()).toEqual(whole);
  });
});

test.runIf(simd)("panels hold their vectors interleaved and zeros behind the last", () => {
  const kernels = library(false);
  fc.assert(
    fc.property(fc.nat(75), fc.nat(13), kind, fc.boolean(), (count, length, lies, left) => {
      const [across, along, size] = stridesOf(lies, count, length);
      const width = left ? ROWS : COLUMNS;
      const packed = roundUp(count, width) * length;
      const [from, to] = layOut([size, packed]) as [number, number];
      floats.fill(UNTOUCHED);
      for (let i = 0; i < size; i++) floats[from / 4 + i] = i + 1;
      (left ? kernels.packA : kernels.packB)(from, across * 4, along * 4, count, length, to);
      for (let vector = 0; vector < roundUp(count, width); vector++) {
        for (let i = 0; i < length; i++) {
          const at = to / 4 + Math.floor(vector / width) * width * length + i * width + (vector % width);
          if (floats[at] !== (vector < count ? vector * across + i * along + 1 : 0)) expect([vector, i]).toBe(at);
        }
      }
      expect(floats[to / 4 + packed]).toBe(UNTOUCHED);
      expect(floats[to / 4 - 1]).toBe(UNTOUCHED);
    }),
    { numRuns: 300 },
  );
});

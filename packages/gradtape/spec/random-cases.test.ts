import { describe, expect, test } from "vitest";
import * as gt from "../src/index.ts";
import { type Difference, differenceOf } from "./random-case-differences.ts";
import { type Case, cases, decoded, expectedOf, optimized, type Result, results } from "./random-cases.ts";

/* 2,000 random cases that TensorFlow computed: ops with their gradients, losses, clipping, schedules, optimizers. */

const eagerly = (c: Case) =>
  c.op === "optimizer" ? optimized(c, null) : results(c, c.x.map(decoded), c.g?.map(decoded));

const shown = (c: Case, { name, value }: Result, wanted: gt.Tensor | null) =>
  `${c.op} ${JSON.stringify(c.a)} ${c.x.map((x) => decoded(x).toString()).join(", ")}: ${name} is ${value}, not ${wanted}`;

/** The documented differences of a case, or "wrong" with the results at fault. */
function judged(c: Case): readonly (Difference | string)[] {
  const [got, wanted] = [eagerly(c), expectedOf(c)];
  if (got.map(({ name }) => name).join() !== wanted.map(({ name }) => name).join()) {
    return [
      `${c.op} ${JSON.stringify(c.a)}: ${got.map(({ name }) => name)} instead of ${wanted.map(({ name }) => name)}`,
    ];
  }
  return got.flatMap((result, i) => {
    const { value } = wanted[i]!;
    if (value === null) return result.value === null ? [] : [shown(c, result, value)];
    const difference = differenceOf(c, result, value);
    return difference === null ? [] : difference === "wrong" ? [shown(c, result, value)] : [difference];
  });
}

/** The number of cases that differ, by documented difference. */
const differing: { readonly [D in Difference]: number } = {
  "subnormal numbers": 43,
  "sign of zero": 18,
  "1 / sqrt(x) by vectors": 28,
  "powers in FTRL": 2,
};

describe("random cases", () => {
  test("there are 2,000 of them, every op among them", () => {
    expect(cases.length).toBeGreaterThanOrEqual(2000);
  });

  test("as TensorFlow has them, but for the differences that the page lists", () => {
    const found: Record<string, number> = {};
    for (const c of cases) for (const each of new Set(judged(c))) found[each] = (found[each] ?? 0) + 1;
    expect(found).toEqual(differing);
  });

  const ops = cases.filter(({ op }) => op !== "optimizer");

  test("in graphs, op by op and compiled: the bits of eager mode", () => {
    const some = sample(ops, 12);
    for (let i = 0; i < some.length; i += 10) expectBitsInGraph(some.slice(i, i + 10));
  });

  test("optimizers in graphs, the last steps compiled: the bits of eager mode", () => {
    for (const c of sample(cases.slice(ops.length), 6)) {
      const graph = new gt.Graph();
      expectBits(
        c,
        graph.asDefault(() => optimized(c, graph)),
      );
    }
  });
});

/** The third run of the same fetches is that of a module. */
const COMPILED = 3;

/** One case in `step`: compiling costs much more than running. */
function sample(list: readonly Case[], step: number): readonly Case[] {
  return process.env.LONG === "1" ? list : list.filter((_, i) => i % step === 0);
}

function expectBits(c: Case, got: readonly Result[]): void {
  eagerly(c).forEach((wanted, i) => {
    const [x, y] = [got[i]!.value, wanted.value];
    const same =
      x === null || y === null
        ? x === y
        : String(x.shape) === String(y.shape) && x.data.every((each, j) => Object.is(each, y.data[j]));
    expect(same, shown(c, got[i]!, y)).toBe(true);
  });
}

/** Some cases as one graph, run op by op at first and compiled at last. */
function expectBitsInGraph(list: readonly Case[]): void {
  const graph = new gt.Graph();
  const feeds: [gt.Tensor, gt.Tensor][] = [];
  const fed = (text: string) => {
    const value = decoded(text);
    const place = gt.placeholder(value.dtype, value.shape);
    feeds.push([place, value]);
    return place;
  };
  const built = graph.asDefault(() => list.map((c) => results(c, c.x.map(fed), c.g?.map(fed))));
  const wanted = built.flat().flatMap(({ value }) => (value === null ? [] : [value]));
  const session = new gt.Session({ graph });
  for (let run = 0; run < COMPILED; run++) {
    const values = session.run(wanted, feeds);
    const at = new Map(wanted.map((each, i) => [each, values[i]!]));
    list.forEach((c, i) => {
      const got = built[i]!.map((each) => ({ ...each, value: each.value && at.get(each.value)! }));
      expectBits(c, got);
    });
  }
}

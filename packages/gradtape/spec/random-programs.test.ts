import fc from "fast-check";
import * as gt from "gradtape";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { amongDead, reordered } from "./program-changes.ts";
import { codeOf } from "./program-code.ts";
import {
  compiled,
  dataFor,
  eagerly,
  envOf,
  inSession,
  interpret,
  numbersFor,
  type Results,
  type Runner,
  withoutAxes,
} from "./program-runs.ts";
import { type Program, programOf, type Recipe, type RecipeOptions, recipes } from "./programs.ts";

/* Laws that hold for every program, tried on random ones. LONG=1 tries many more. */

// The number of programs says how long it takes, not a clock.
vi.setConfig({ testTimeout: 0 });

const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
beforeEach(() => warn.mockClear());
afterAll(() => warn.mockRestore());

const nothing = fc.constant(null);

/** Tries a law on random programs; a failure shows the smallest program found, as code. */
function forPrograms<More>(
  count: number,
  options: RecipeOptions,
  more: fc.Arbitrary<More>,
  law: (program: Program, more: More) => void,
): void {
  const numRuns = process.env.LONG === "1" ? 20 * count : count;
  const property = fc.property(recipes(options), more, (recipe, given) => {
    const program = programOf(recipe);
    try {
      law(program, given);
    } catch (error) {
      throw new Error(`${(error as Error).stack}\n\n${codeOf(program)}\n`);
    }
  });
  fc.assert(property, { numRuns, includeErrorInReport: true } as fc.Parameters<[Recipe, More]>);
}

function expectSameTensor(actual: gt.Tensor, expected: gt.Tensor, what: string): void {
  expect(`${actual.dtype} ${actual.shape}`, what).toBe(`${expected.dtype} ${expected.shape}`);
  expectSameNumbers(actual.data, expected.data, what);
}

function expectSameNumbers(actual: gt.Tensor["data"], expected: gt.Tensor["data"], what: string): void {
  for (let i = 0; i < actual.length; i++) {
    if (!Object.is(actual[i], expected[i]))
      throw new Error(`${what}, element ${i}: ${actual[i]} is not ${expected[i]}`);
  }
}

function expectSameResults(program: Program, actual: Results, expected: Results, when: string): void {
  expected.outputs.forEach((each, i) => {
    expectSameTensor(actual.outputs[i]!, each, `${when}: ${program.outputs[i]}`);
  });
  expect(actual.gradients.length).toBe(expected.gradients.length);
  expected.gradients.forEach((each, i) => {
    const other = actual.gradients[i]!;
    const what = `${when}: gradient ${i}`;
    if (each === null) expect(other, what).toBeNull();
    else if (each instanceof gt.IndexedSlices) {
      if (!(other instanceof gt.IndexedSlices)) throw new Error(`${what} is not slices`);
      expectSameTensor(other.indices as gt.Tensor, each.indices as gt.Tensor, `${what}, indices`);
      expectSameTensor(other.values as gt.Tensor, each.values as gt.Tensor, `${what}, values`);
    } else expectSameTensor(other as gt.Tensor, each, what);
  });
}

function expectSameState(actual: Runner, expected: Runner, when: string): gt.Tensor[] {
  const [one, other] = [actual.state(), expected.state()];
  expect(one.length, `${when}: number of variables`).toBe(other.length);
  other.forEach((each, i) => {
    expectSameTensor(one[i]!, each, `${when}: variable ${i}`);
  });
  return [...one, ...other];
}

/**
 * Takes some steps in both, which must give the same bits. After every other step other numbers are written into the variables. What steps
 * gave must be the same in the end.
 */
function expectSameSteps(program: Program, actual: Runner, expected: Runner, count: number, mode: string): void {
  const kept: { readonly result: gt.Tensor; readonly numbers: gt.Tensor["data"]; readonly what: string }[] = [];
  for (let i = 0; i < count; i++) {
    const results = [actual.step(i), expected.step(i)] as const;
    expectSameResults(program, ...results, `${mode}, step ${i}`);
    const states = expectSameState(actual, expected, `${mode}, after step ${i}`);
    for (const result of [...results.flatMap(tensorsIn), ...states])
      kept.push({ result, numbers: result.data.slice(), what: `${mode}, a result of step ${i}, looked at again` });
    if ((program.seed + i) % 2 === 0) for (const each of [actual, expected]) each.write(i);
  }
  for (const { result, numbers, what } of kept) expectSameNumbers(result.data, numbers, what);
}

function tensorsIn({ outputs, gradients }: Results): gt.Tensor[] {
  const parts = gradients.flatMap((g) =>
    g instanceof gt.IndexedSlices ? [g.values, g.indices] : g === null ? [] : [g],
  );
  return [...outputs, ...(parts as gt.Tensor[])];
}

/** The form of a program that a graph is built for: its axes are known, and the numbers of its optimizer stay. */
const forGraph = (program: Program): Program => ({ ...withoutAxes(program), changes: false });

describe("the same bits in every mode", () => {
  test("eager = session, operation by operation; gradients by tape = gradients in a graph", () => {
    forPrograms(700, { length: 14, wide: true }, nothing, (program) => {
      const built = forGraph(program);
      expectSameSteps(built, inSession(built), eagerly(built), 2, "session");
    });
  });

  test("eager = session, from the third run on as a module", () => {
    forPrograms(100, { length: 14 }, nothing, (program) => {
      const built = forGraph(program);
      expectSameSteps(built, inSession(built), eagerly(built), 4, "session");
    });
  });

  test("eager = compiled", () => {
    forPrograms(170, { length: 14 }, nothing, (program) => {
      expectSameSteps(program, compiled(program), eagerly(program), 3, "compiled");
    });
    // Of all that these programs do, only tensors whose extents depend on numbers are left to a session.
    const notices = warn.mock.calls.map(([text]) => String(text));
    expect(notices.filter((text) => !text.includes("only the run tells how many rows"))).toEqual([]);
  });
});

describe("changes that mean nothing change no bit", () => {
  const picks = fc.array(fc.nat(100), { minLength: 8, maxLength: 8 });

  test("dead calls in between", () => {
    const options = fc.record({ dead: recipes({ length: 5 }), picks });
    forPrograms(100, { length: 10 }, options, (program, { dead, picks }) => {
      const changed = amongDead(program, programOf(dead), picks);
      expectSameSteps(program, eagerly(changed), eagerly(program), 1, "eager");
      expectSameSteps(program, compiled(changed), eagerly(program), 2, "compiled");
    });
  });

  test("independent calls in another order, and other names", () => {
    forPrograms(100, { length: 14 }, picks, (program, picks) => {
      const changed = reordered(program, picks);
      const renamed = inSession(forGraph(changed), (build) => gt.nameScope("elsewhere", build));
      expectSameSteps(program, renamed, eagerly(forGraph(program)), 1, "session");
      expectSameSteps(program, compiled(changed), eagerly(program), 2, "compiled");
    });
  });
});

test("analytic gradient = numeric gradient", () => {
  let checked = 0;
  forPrograms(600, { length: 8, smooth: true }, nothing, (program) => {
    if (program.targets.length === 0) return;
    checked++;
    const { inputs, variables } = dataFor(program, 0);
    const targets = (...values: gt.Tensor[]) => {
      const env = interpret(
        program,
        envOf(values.slice(0, inputs.length), values.slice(inputs.length), numbersFor(program.seed, 0)),
      );
      return program.targets.map((name) => env.get(name) as gt.Tensor);
    };
    gt.checkGradients(targets, [...inputs, ...variables], { order: 1, step: 1e-5, tolerance: 1e-4 });
  });
  expect(checked).toBeGreaterThan(400);
});

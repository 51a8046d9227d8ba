import fc from "fast-check";
import * as gt from "gradtape";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Description, inputsOf, interpret, programs } from "./programs.ts";

/* Random programs: the same bits in every mode, and gradients that are those of numeric differences. */

const runs = (ordinary: number) => ({ numRuns: process.env.LONG === "1" ? 20 * ordinary : ordinary });

const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
beforeAll(() => warn.mockClear());
afterAll(() => warn.mockRestore());

/** Values and gradients of a program; its first input is a variable that a step of an optimizer moves. */
function values(program: Description, inputs: readonly gt.Tensor[], variable: gt.Variable, optimizer: gt.Optimizer) {
  const tape = new gt.GradientTape({ persistent: true });
  const made = tape.record(() => {
    tape.watch([...inputs]);
    return interpret(program, [variable.value(), ...inputs]);
  });
  const gradients = tape.gradient(made, [...inputs, variable], {
    unconnectedGradients: gt.UnconnectedGradients.ZERO,
  }) as (gt.Tensor | gt.IndexedSlices)[];
  const dense = gradients.map((gradient) => (gradient instanceof gt.IndexedSlices ? gradient.toTensor() : gradient));
  optimizer.applyGradients([[dense[dense.length - 1]!, variable]]);
  return [...made, ...dense];
}

function setUp(program: Description) {
  const [first, ...inputs] = inputsOf(program) as [gt.Tensor, ...gt.Tensor[]];
  const optimizer = new gt.RMSPropOptimizer(0.01, { momentum: 0.5 });
  return { variable: new gt.Variable(first, { name: "v" }), inputs, optimizer };
}

function expectSameBits(actual: readonly gt.Tensor[], expected: readonly gt.Tensor[], mode: string): void {
  expect(actual.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
  actual.forEach((each, i) => {
    const [one, other] = [each.data, expected[i]!.data];
    for (let at = 0; at < one.length; at++) {
      if (!Object.is(one[at], other[at]))
        expect.fail(`${mode}: result ${i} ${each.dtype}[${each.shape}], element ${at}: ${one[at]} is not ${other[at]}`);
    }
  });
}

describe("eager = compiled", () => {
  test("values, gradients and variables, over two steps", () => {
    fc.assert(
      fc.property(programs(12), (program) => {
        const [eager, compiled] = [setUp(program), setUp(program)];
        const step = gt.compile((...inputs: gt.Tensor[]) =>
          values(program, inputs, compiled.variable, compiled.optimizer),
        );
        for (let i = 0; i < 2; i++) {
          const expected = values(program, eager.inputs, eager.variable, eager.optimizer);
          expectSameBits(step(...compiled.inputs), expected, `step ${i}`);
          expectSameBits([compiled.variable.value()], [eager.variable.value()], `variable after step ${i}`);
        }
      }),
      runs(400),
    );
    expect(warn).not.toHaveBeenCalled();
  });
});

describe("eager = session", () => {
  test("interpreted, and from the third run on as a module", () => {
    fc.assert(
      fc.property(programs(10), fc.boolean(), (program, often) => {
        const inputs = inputsOf(program);
        const expected = interpret(program, inputs);
        const graph = new gt.Graph();
        const { holders, made } = graph.asDefault(() => {
          const holders = inputs.map(({ shape }) => gt.placeholder("float32", shape));
          return { holders, made: interpret(program, holders) };
        });
        const session = new gt.Session({ graph });
        for (let i = 0; i < (often ? 4 : 1); i++) {
          const results = session.run(
            made,
            inputs.map((input, j) => [holders[j]!, input] as const),
          );
          expectSameBits(results, expected, `run ${i}`);
        }
      }),
      runs(1200),
    );
  });
});

describe("changes that mean nothing change no bit", () => {
  test("dead ops, other names, and independent ops in another order", () => {
    fc.assert(
      fc.property(programs(6), programs(4), (program, dead) => {
        const inputs = inputsOf(program);
        const expected = interpret(program, inputs);
        const run = gt.compile((...args: gt.Tensor[]) => {
          interpret({ ...dead, shapes: program.shapes }, args);
          return gt.nameScope("elsewhere", () => interpret(program, args));
        });
        expectSameBits(run(...inputs), expected, "with dead ops");
        const twice = gt.compile((...args: gt.Tensor[]) => {
          const later = interpret({ ...dead, shapes: program.shapes }, args);
          return [interpret(program, args), later];
        });
        expectSameBits((twice(...inputs) as gt.Tensor[][])[0]!, expected, "beside others");
      }),
      runs(200),
    );
  });
});

describe("analytic gradient = numeric gradient", () => {
  // Kinks have no derivative, and constants of float32 do not mix with float64.
  const smooth = new Set(
    ["add", "sub", "mul", "div", "neg", "square", "tanh", "sigmoid", "exp", "log", "sqrt", "sin", "softplus"].concat(
      ["transpose", "flatten", "expand", "squeeze", "reverse", "every", "pad", "sum", "sumKept", "total", "mean"],
      ["softmax", "logSoftmax", "matMul", "gather", "segments"],
    ),
  );
  test("in float64", () => {
    let checked = 0;
    fc.assert(
      fc.property(programs(6), ({ steps, shapes, seed }) => {
        const small = shapes.map((shape) => shape.map((n) => Math.min(n, 4)));
        const program = { steps: steps.filter(({ op }) => smooth.has(op)), shapes: small, seed };
        if (program.steps.length === 0) return;
        checked++;
        // |x| has a kink at 0, from which the inputs are kept away.
        const inputs = inputsOf(program).map((input) => gt.cast(gt.add(gt.mul(gt.sign(input), 0.3), input), "float64"));
        const last = (...args: gt.Tensor[]) => interpret(program, args, "float64").slice(-1);
        gt.checkGradients(last, inputs, { order: 1, step: 1e-5, tolerance: 1e-4 });
      }),
      runs(400),
    );
    expect(checked).toBeGreaterThan(200);
  });
});

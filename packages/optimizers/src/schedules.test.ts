import { readFileSync } from "node:fs";
import {
  Graph,
  getOrCreateGlobalStep,
  globalVariablesInitializer,
  placeholder,
  Session,
  square,
  sum,
  Variable,
} from "@gradtape/graph";
import { type Tensor, tensor } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import * as optimizers from "./index.ts";

/* Every schedule against the rates that tf.compat.v1.train gives, as a function and as a tensor of the global step. */

type AnySchedule = (...args: unknown[]) => optimizers.Schedule;
interface ScheduleCase {
  schedule: keyof typeof optimizers;
  arguments: unknown[];
  rates: number[];
}

const { steps, cases } = JSON.parse(readFileSync(new URL("./fixtures/schedules.json", import.meta.url), "utf8")) as {
  steps: number[];
  cases: ScheduleCase[];
};

const rateOf = ({ schedule, arguments: given }: ScheduleCase, step: Variable) =>
  (({ ...optimizers })[schedule] as unknown as AnySchedule)(...given.map((each) => (each === "step" ? step : each)));

function expectRate(actual: Tensor, expected: number, what: string): void {
  expect(actual.dtype).toBe("float32");
  expect(Math.abs((actual.item() as number) - expected), what).toBeLessThanOrEqual(3e-7 * Math.abs(expected) + 3e-9);
}

describe("schedules", () => {
  test.each(cases.map((each) => [each.schedule, JSON.stringify(each.arguments), each] as const))(
    "%s %s",
    (_, __, each) => {
      const counter = new Variable(0, { dtype: "int32", trainable: false });
      const read = rateOf(each, counter) as () => Tensor;
      const rates = steps.map((value, i) => {
        counter.assign(value);
        expectRate(read(), each.rates[i]!, `step ${value}`);
        return read().item();
      });
      const graph = new Graph();
      graph.asDefault(() => {
        const step = getOrCreateGlobalStep();
        const rate = rateOf(each, step) as Tensor;
        const session = new Session({ graph });
        session.run(globalVariablesInitializer());
        const setter = placeholder("int32", []);
        const set = step.assign(setter) as Tensor;
        const inGraph = steps.map((value) => {
          session.run(set, [[setter, value]]);
          return session.run(rate).item();
        });
        expect(inGraph).toEqual(rates);
      });
    },
  );
});

test("an optimizer follows its schedule, eagerly and in a session", () => {
  const train = (globalStep: Variable, v: Variable) =>
    new optimizers.GradientDescentOptimizer(optimizers.piecewiseConstant(globalStep, [1], [1, 0.25])).minimize(
      v.graph === null ? () => sum(square(v)) : sum(square(v)),
      { varList: [v], globalStep },
    );
  const step = new Variable(0, { dtype: "int32", trainable: false });
  const v = new Variable([1]);
  const optimizer = new optimizers.GradientDescentOptimizer(optimizers.piecewiseConstant(step, [1], [1, 0.25]));
  const eager = Array.from({ length: 4 }, () => {
    optimizer.minimize(() => sum(square(v)), { varList: [v], globalStep: step });
    return v.array();
  });
  expect(eager).toEqual([[-1], [1], [0.5], [0.25]]);
  const graph = new Graph();
  graph.asDefault(() => {
    const w = new Variable([1]);
    const operation = train(getOrCreateGlobalStep(), w);
    const session = new Session({ graph });
    session.run(globalVariablesInitializer());
    const values = eager.map(() => {
      session.run(operation);
      return session.run(w).array();
    });
    expect(values).toEqual(eager);
  });
});

test("in float64 a restart comes on its step", () => {
  const step = new Variable(0, { dtype: "int32", trainable: false });
  const rate = optimizers.cosineDecayRestarts(tensor(0.1, { dtype: "float64" }), step, 10) as () => Tensor;
  const rates = [0, 9, 10, 29, 30].map((value) => {
    step.assign(value);
    return rate().item() as number;
  });
  expect([rates[0], rates[2], rates[4]]).toEqual([0.1, 0.1, 0.1]);
  expect(Math.max(rates[1]!, rates[3]!)).toBeLessThan(0.003);
});

test("a boundary holds beyond the integers of float32", () => {
  const step = new Variable(2 ** 24 + 1, { dtype: "int32", trainable: false });
  const rate = optimizers.piecewiseConstant(step, [2 ** 24], [1, 0.5]) as () => Tensor;
  expect(rate().item()).toBe(0.5);
});

test("mistakes are told", () => {
  const step = new Variable(0, { dtype: "int32", trainable: false });
  expect(() => optimizers.piecewiseConstant(step, [1, 2], [1, 2])).toThrow(/2 boundaries separate 3 values, got 2/);
  expect(() => optimizers.piecewiseConstant(step, [2, 2], [1, 2, 3])).toThrow(/must increase/);
  expect(() => optimizers.exponentialDecay(0.1, null as never, 10, 0.5)).toThrow(/globalStep is needed/);
});

import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { optimizers } from "../model/optimizer-list.ts";
import { chooseOptimizer } from "../model/optimizers.ts";
import { makeOptimizer } from "../worker/optimizer.ts";
import { buildScene } from "./build.ts";
import { digits, type FormulaLine, formulaLines, largestElement } from "./formula.ts";
import { Recording } from "./recording.ts";
import type { SceneUpdate } from "./scene.ts";

const shown = (line: FormulaLine, key: "symbols" | "numbers") => line[key].map(({ text }) => text).join("");

/** What somebody gets who types a line of numbers into a calculator. */
function calculate(text: string): number {
  const script = text
    .replaceAll("−", "-")
    .replaceAll("·", "*")
    .replaceAll("√(", "Math.sqrt(")
    .replaceAll("²", "**2")
    .replaceAll("^", "**")
    .replaceAll("∞", "Infinity")
    .replaceAll("≤", "<=")
    .replaceAll(" = ", " === ")
    .replace(/\b(min|max)\(/g, "Math.$1(")
    .replace(/\|([^|]*)\|/g, "Math.abs($1)");
  return new Function(`return ${script}`)() as number;
}

/** The update of a variable by an optimizer at its third step. */
function thirdUpdate(optimizer: gt.Optimizer, sparse: boolean): SceneUpdate {
  const table = new gt.Variable(
    [
      [0.3, -1.2],
      [0.7, 0.1],
      [-0.4, 0.9],
    ],
    { name: "table" },
  );
  const loss = () => {
    const rows = sparse ? gt.gather(table, [2, 0, 2]) : gt.mul(table, [[0.5], [2], [1]]);
    return gt.sum(gt.mul(rows, gt.sigmoid(rows)));
  };
  for (let step = 0; step < 2; step++) optimizer.minimize(loss, { varList: [table] });
  const recording = new Recording();
  gt.observe(recording, () => optimizer.minimize(loss, { varList: [table] }));
  const { updates } = buildScene(recording, recording.walks[0]!, "");
  expect(updates).toHaveLength(1);
  expect([...updates[0]!.after[0]!]).toEqual([...table.data]);
  return updates[0]!;
}

const variants: readonly (readonly [string, () => gt.Optimizer])[] = [
  ...optimizers.map(({ kind, title }) => [title, () => makeOptimizer(chooseOptimizer(kind))] as const),
  ["RMSProp, centered", () => new gt.RMSPropOptimizer(0.03, { momentum: 0.9, centered: true })],
  ["Nesterov", () => new gt.MomentumOptimizer(0.03, 0.9, { useNesterov: true })],
  ["FTRL with l1", () => new gt.FtrlOptimizer(0.3, { l1RegularizationStrength: 0.1, learningRatePower: -0.7 })],
  ["Keras, centered, with momentum", () => new gt.RMSprop({ momentum: 0.9, centered: true })],
  ["Keras until 2.10, with momentum", () => new gt.LegacyRMSprop({ momentum: 0.9, decay: 0.1 })],
];

describe("the formula with its numbers gives what the optimizer wrote", () => {
  for (const [title, make] of variants) {
    test.each([
      ["dense", false],
      ["sparse", true],
    ])(`${title}, %s`, (_, sparse) => {
      const update = thirdUpdate(make(), sparse);
      for (const element of [largestElement(update), 0]) {
        const times = formulaLines(update, element);
        expect(times.length).toBeGreaterThan(0);
        const last = times.at(-1)!;
        expect(last.at(-1)!.name).toBe("variable");
        expect(last.at(-1)!.result).toBe(update.after[0]![element]);
        for (const line of times.flat()) {
          const size = Math.max(1e-3, Math.abs(line.result));
          expect(Math.abs(calculate(shown(line, "numbers")) - line.result) / size, shown(line, "numbers")).toBeLessThan(
            2e-5,
          );
          expect(shown(line, "symbols")).not.toMatch(/undefined|NaN/);
        }
      }
    });
  }
});

test("formulas are written as people write them", () => {
  const lines = formulaLines(thirdUpdate(new gt.RMSPropOptimizer(0.03, { momentum: 0.9 }), false), 0)[0]!;
  expect(lines.map((line) => `${line.name}′ = ${shown(line, "symbols")}`)).toEqual([
    "rms′ = rms + (g² − rms) · (1 − decay)",
    "momentum′ = momentum · optimizer.momentum + g · learningRate / √(rms′ + epsilon)",
    "variable′ = variable − momentum′",
  ]);
});

test("an entry that comes twice is told twice where the optimizer does not add it up", () => {
  const update = thirdUpdate(new gt.GradientDescentOptimizer(0.1), true);
  const times = formulaLines(update, 4);
  expect(times).toHaveLength(2);
  expect(times[1]![0]!.numbers[0]!.text).toBe(digits(times[0]![0]!.result));
  expect(formulaLines(update, 2)).toEqual([]);
});

test("digits name a float32, and no more of them than it takes", () => {
  expect(digits(Math.fround(0.1))).toBe("0.1");
  expect(digits(Math.fround(1e-10))).toBe("1e−10");
  expect(digits(Math.fround(-1 / 3))).toBe("−0.33333334");
  expect(digits(1 / 3, "float64")).toBe("0.3333333333333333");
  expect(digits(Number.NaN)).toBe("NaN");
});

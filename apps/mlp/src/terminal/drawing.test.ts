import { expect, test } from "vitest";
import { confusionCounts, drawConfusion } from "./confusion.ts";
import { drawCurve } from "./curve.ts";
import { beside, count, counted, duration, epochOf, percent } from "./format.ts";
import { cropTogether, drawImage } from "./picture.ts";
import { drawRegions, gridPoints } from "./regions.ts";

const same = (text: string | number | null | undefined) => String(text);
const colors = { bold: same, cyan: same, dim: same, green: same, red: same, yellow: same };

test("numbers and times", () => {
  expect(count(60000)).toBe("60,000");
  expect([counted(1, "epoch"), counted(2000, "step")]).toEqual(["1 epoch", "2,000 steps"]);
  expect(epochOf(3, 20)).toBe("epoch  3/20");
  expect(percent(0.98123)).toBe("98.12 %");
  expect([12.3, 949, 960, 9940, 9960, 59_400, 59_600, 65_000, 7_380_000].map(duration)).toEqual([
    "12 ms",
    "949 ms",
    "1.0 s",
    "9.9 s",
    "10 s",
    "59 s",
    "1 min 00 s",
    "1 min 05 s",
    "2 h 03 min",
  ]);
});

test("blocks stand side by side as far as they fit", () => {
  const blocks = [["a", "bb"], ["c"], ["ddd"]];
  expect(beside(blocks, 9)).toEqual(["a     c", "bb", "", "ddd"]);
  expect(beside(blocks, 2)).toEqual(["a", "bb", "", "c", "", "ddd"]);
  expect(beside([], 80)).toEqual([]);
});

test("the loss curve falls, has labels, and grows with the run", () => {
  const losses = Array.from({ length: 100 }, (_, i) => Math.exp(-i / 20));
  const whole = drawCurve(losses, 100, 50, 6);
  expect(whole).toHaveLength(7);
  expect(whole[0]).toMatch(/^ {4}0?\.?\d*.*╮/);
  expect(Math.max(...whole.map((line) => line.length))).toBeGreaterThan(45);
  expect(Math.max(...whole.map((line) => line.length))).toBeLessThanOrEqual(50);
  expect(Math.max(...drawCurve(losses, 200, 50, 6).map((line) => line.length))).toBeLessThan(32);
  expect(drawCurve([1], 100, 50, 6)).toEqual([]);
  expect(drawCurve([1, 1, 1], 3, 50, 6).length).toBeGreaterThan(0);
});

test("the confusion matrix", () => {
  const counts = confusionCounts([0, 0, 1, 1, 1], [0, 1, 1, 1, 1], 2);
  expect(counts).toEqual([
    [1, 1],
    [0, 3],
  ]);
  expect(drawConfusion(counts, 80, colors)).toEqual([
    " true    0   1    right",
    "    0    1   1   50.0 %",
    "    1    ·   3  100.0 %",
  ]);
  expect(drawConfusion(counts, 10, colors)).toEqual(["true 0, predicted 1: 1 times"]);
});

test("images in half blocks and in shades", () => {
  const wide = new Float32Array(2 * 20);
  wide[0] = wide[20] = wide[1] = wide[22] = 1;
  expect(drawImage(wide, 2, 20)).toEqual([`█▀▄${" ".repeat(17)}`]);
  expect(drawImage([0, 0.25, 0.5, 1], 2, 2)).toEqual(["  ░░", "▒▒██"]);
});

test("pictures are cropped to what any of them uses", () => {
  const pictures = [
    ["    ", " x  ", "    "],
    ["    ", "    ", "  y "],
  ];
  expect(cropTogether(pictures)).toEqual([
    ["x ", "  "],
    ["  ", " y"],
  ]);
  expect(cropTogether([["  "]])).toEqual([[" "]]);
});

test("regions of the plane", () => {
  expect([...gridPoints(2, 2)]).toEqual([-1, 1, 1, 1, -1, -1, 1, -1]);
  expect(drawRegions([0, 1, 2, 0], 2, 2, colors)).toEqual(["·o", "#·"]);
});

import { applyOne, entry, Graph, identity, type OpDef, placeholder, sum } from "@gradtape/graph";
import { LookupError, ValueError } from "@gradtape/tensor";
import { expect, test } from "vitest";
import { explainGradient } from "./explain-gradient.ts";
import { gradients } from "./gradients.ts";

/* What is said of ops whose rules are missing or wrong; the ops of the library have none such. */

const sameAs = { arity: 1, infer: ([x]: Parameters<OpDef["infer"]>[0]) => [x!], kernel: () => ({ run: () => [] }) };
const ruleless: OpDef = entry({ name: "testRuleless", ...sameAs });
const misshapen: OpDef = entry({ name: "testMisshapen", ...sameAs, gradient: [(g) => sum(g)] });

function gradientOf(def: OpDef) {
  return new Graph().asDefault((graph) => {
    const x = placeholder("float32", [2, 3], { name: "x" });
    const y = graph.nameScope("scope", () => applyOne(def, [x]));
    return gradients(y, x);
  });
}

test("§9 an op on the path without a gradient is a LookupError that names operation and type", () => {
  expect(() => gradientOf(ruleless)).toThrow(LookupError);
  expect(() => gradientOf(ruleless)).toThrow(/'scope\/testRuleless' \(op type: testRuleless\)/);
});

test("the explanation names it too, with its line", () => {
  new Graph().asDefault(() => {
    const x = placeholder("float32", [2, 3], { name: "x" });
    const text = explainGradient(applyOne(ruleless, [x]), x);
    expect(text).toMatch("no gradient is defined for testRuleless 'testRuleless'; asking for it is a LookupError");
    expect(text).toMatch(/\n {2}at .*gradients-errors\.test\.ts:\d+:\d+$/);
  });
});

test("§9 one that leads to no x is passed by", () => {
  new Graph().asDefault(() => {
    const [x, other] = [placeholder("float32", []), placeholder("float32", [])];
    const y = sum(identity(x));
    expect(gradients([y, applyOne(ruleless, [other])], x)[0]).not.toBeNull();
  });
});

test("§9 a gradient of another shape than its input is a ValueError with op, input and both shapes", () => {
  expect(() => gradientOf(misshapen)).toThrow(ValueError);
  expect(() => gradientOf(misshapen)).toThrow(
    "testMisshapen 'scope/testMisshapen': the gradient rule of input 0 gave another shape than the input has\n" +
      "  input    [2, 3]\n  gradient []",
  );
});

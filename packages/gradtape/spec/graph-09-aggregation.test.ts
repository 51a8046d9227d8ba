import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { inGraph, nameOf, opOf, sessionOn } from "./graph-support.ts";
import { expectError } from "./support.ts";

const { ADD_N, DEFAULT, EXPERIMENTAL_TREE, EXPERIMENTAL_ACCUMULATE_N } = gt.AggregationMethod;

/** The gradient of `x + 2x + 3x + 4x` by `x`, four terms under `method`. */
function fourTerms(method?: number | null) {
  return inGraph((graph) => {
    const x = gt.constant([1, 2], { name: "x" });
    const terms = [2, 3, 4, 5].map((factor) => gt.mul(x, factor, { name: `times${factor}` }));
    const y = gt.addN(terms);
    const from = graph.getOperations().length;
    const [found] = gt.gradients(y, x, { aggregationMethod: method ?? null });
    const sums = graph.getOperations().filter(({ id, type }) => id >= from && type === "addN");
    return { found: found as gt.Tensor, sums };
  });
}

describe("§9.1 AggregationMethod", () => {
  test("§9.1 the values are 0, 0, 1, 2", () => {
    expect([ADD_N, DEFAULT, EXPERIMENTAL_TREE, EXPERIMENTAL_ACCUMULATE_N]).toEqual([0, 0, 1, 2]);
  });

  test.each([
    ["ADD_N", ADD_N],
    ["DEFAULT", DEFAULT],
    ["null", null],
    ["nothing given", undefined],
  ])("§9.1 %s: all terms in one op", (_, method) => {
    const { found, sums } = fourTerms(method);
    expect(sums.map(({ name, inputs }) => [name, inputs.length])).toEqual([["gradients/AddN", 4]]);
    expect(nameOf(found)).toBe("gradients/AddN:0");
  });

  test.each([
    ["EXPERIMENTAL_TREE", EXPERIMENTAL_TREE],
    ["EXPERIMENTAL_ACCUMULATE_N", EXPERIMENTAL_ACCUMULATE_N],
  ])("§9.1 %s: pairwise, left to right, under <op name>_gradient_sum/", (_, method) => {
    const { found, sums } = fourTerms(method);
    const names = [
      "gradients/x_gradient_sum/AddN",
      "gradients/x_gradient_sum/AddN_1",
      "gradients/x_gradient_sum/AddN_2",
    ];
    expect(sums.map(({ name }) => name)).toEqual(names);
    expect(sums.map(({ inputs }) => inputs.length)).toEqual([2, 2, 2]);
    expect(sums.slice(1).map(({ inputs }) => nameOf(inputs[0]))).toEqual([`${names[0]}:0`, `${names[1]}:0`]);
    expect(opOf(found)).toBe(sums[2]);
  });

  test("§9.1 the terms come in the same order, so that the sums are the same", () => {
    const [one, tree] = [fourTerms(ADD_N), fourTerms(EXPERIMENTAL_TREE)];
    const term = (operation: gt.Operation, i: number) => nameOf(operation.inputs[i]);
    const order = [0, 1, 2, 3].map((i) => term(one.sums[0]!, i));
    expect([term(tree.sums[0]!, 0), term(tree.sums[0]!, 1), term(tree.sums[1]!, 1), term(tree.sums[2]!, 1)]).toEqual(
      order,
    );
    expect(sessionOn(one.graph).run(one.found).array()).toEqual(sessionOn(tree.graph).run(tree.found).array());
  });

  test("§9.1 two terms are a sum of their own too", () => {
    inGraph(() => {
      const x = gt.constant([1, 2], { name: "x" });
      const [one] = gt.gradients(gt.mul(x, x), x);
      const [tree] = gt.gradients(gt.mul(x, x), x, { aggregationMethod: EXPERIMENTAL_TREE });
      expect([nameOf(one), nameOf(tree)]).toEqual(["gradients/AddN:0", "gradients_1/x_gradient_sum/AddN:0"]);
      return {};
    });
  });

  test.each([7, "tree", -1])("§9.1 %o is a ValueError with the value, when an op is visited", (bad) => {
    inGraph(() => {
      const x = gt.constant([1, 2]);
      const aggregationMethod = bad as number;
      const call = (y: gt.Tensor) => () => gt.gradients(y, x, { aggregationMethod });
      expectError(call(gt.mul(x, x)), gt.ValueError, String(bad));
      expectError(call(gt.mul(x, 2)), gt.ValueError, String(bad));
      expectError(call(x), gt.ValueError, String(bad));
      return {};
    });
  });

  test("§9.1 an unconnected call with a bad value quietly gives null", () => {
    inGraph(() => {
      const found = gt.gradients(gt.constant(1), gt.constant(1), { aggregationMethod: 7 });
      expect(found).toEqual([null]);
      return {};
    });
  });

  test("§9.1 the optimizer hands it on", () => {
    inGraph(() => {
      const w = new gt.Variable([1, 2], { name: "w" });
      const read = gt.identity(w, { name: "read" });
      const optimizer = new gt.RMSPropOptimizer(0.1);
      const options = { varList: [read], aggregationMethod: EXPERIMENTAL_TREE };
      const [[gradient]] = optimizer.computeGradients(gt.sum(gt.mul(read, read)), options) as [gt.GradientPair];
      expect(nameOf(gradient)).toBe("gradients/read_gradient_sum/AddN:0");
      const bad = { aggregationMethod: 9 as never };
      expectError(() => optimizer.computeGradients(gt.sum(gt.mul(w, w)), bad), gt.ValueError, "9");
      return {};
    });
  });
});

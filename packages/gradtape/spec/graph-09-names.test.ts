import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { densified, fetched, inGraph, nameOf, namesAddedBy, opOf, sessionOn, waitsFor } from "./graph-support.ts";
import { expectError } from "./support.ts";

const c = (value: number | number[], name = "c") => gt.constant(value, { name });

describe("§9 names, places and gates", () => {
  test("§9 everything stands under <name>/, uniquified, and under the scope around the call", () => {
    inGraph((graph) => {
      const x = c([1, 2], "x");
      const y = gt.square(x);
      const scope = (build: () => unknown) => [
        ...new Set(namesAddedBy(graph, build).map((name) => name.split("/")[0])),
      ];
      expect(scope(() => gt.gradients(y, x))).toEqual(["gradients"]);
      expect(scope(() => gt.gradients(y, x))).toEqual(["gradients_1"]);
      expect(scope(() => gt.gradients(y, x, { name: "mine" }))).toEqual(["mine"]);
      const [found] = gt.nameScope("outer", () => gt.gradients(y, x, { name: "mine" }));
      expect(nameOf(found)).toMatch(/^outer\/mine\//);
      return {};
    });
  });

  test("§9 each op's part stands under <op name>_grad/, the seeds are grad_ys_0, grad_ys_1, …", () => {
    inGraph((graph) => {
      const x = c([1, 2], "x");
      const hidden = gt.nameScope("layer", () => gt.tanh(x, { name: "hidden" }));
      const y = gt.exp(hidden, { name: "out" });
      const added = namesAddedBy(graph, () => gt.gradients([y, hidden], x));
      expect(added.slice(0, 2)).toEqual(["gradients/grad_ys_0", "gradients/grad_ys_1"]);
      const parts = added.slice(2).filter((name) => !name.startsWith("gradients/AddN"));
      expect(parts.every((name) => /^gradients\/(out_grad|layer\/hidden_grad)\//.test(name))).toBe(true);
      expect(parts.some((name) => name.startsWith("gradients/layer/hidden_grad/"))).toBe(true);
      expect(nameOf(gt.gradients(y, y)[0])).toBe("gradients_1/grad_ys_0:0");
      return {};
    });
  });

  test("§9 colocateGradientsWithOps is recorded on the operations of each part, otherwise nothing is", () => {
    inGraph((graph) => {
      const x = c([1, 2], "x");
      const y = gt.exp(gt.tanh(x, { name: "inner" }), { name: "outer" });
      const places = (colocateGradientsWithOps: boolean) => {
        const names = namesAddedBy(graph, () => gt.gradients(y, x, { colocateGradientsWithOps }));
        return names.map((name) => [name, graph.getOperationByName(name).colocation] as const);
      };
      expect(places(false).flatMap(([, beside]) => beside)).toEqual([]);
      for (const [name, beside] of places(true)) {
        const part = /(inner|outer)_grad/.exec(name)?.[1];
        expect(beside).toEqual(part === undefined ? [] : [part]);
      }
      return {};
    });
  });

  test("§9 gateGradients: an op that gives two gradients passes them through a tuple; the values are the same", () => {
    const { graph, gated, plain } = inGraph(() => {
      const [x, w] = [c([1, 2], "x"), c([3, 4], "w")];
      const y = gt.mul(x, w, { name: "prod" });
      const gated = gt.gradients(y, [x, w], { gateGradients: true });
      return { gated, plain: gt.gradients(y, [x, w]) };
    });
    expect(gated.map(nameOf)).toEqual([
      "gradients/prod_grad/tuple/control_dependency:0",
      "gradients/prod_grad/tuple/control_dependency_1:0",
    ]);
    expect(waitsFor(opOf(gated[0]))).toEqual(["gradients/prod_grad/tuple/group_deps"]);
    expect(plain.map(nameOf).join()).not.toMatch(/tuple/);
    expect(densified(graph, gated)).toEqual(densified(graph, plain));
  });

  test("§9 what gradients() builds waits for the control dependencies around the call", () => {
    inGraph(() => {
      const x = c(2, "x");
      const y = gt.square(x);
      const gate = gt.noOp({ name: "gate" })!;
      const [found] = gt.controlDependencies([gate], () => gt.gradients(y, x));
      expect(waitsFor(opOf(found))).toContain("gate");
      return {};
    });
  });
});

describe("§9 gradients of gradients", () => {
  test("§9 gradients() can be taken again, to any order", () => {
    const { graph, x, found } = inGraph(() => {
      const x = gt.placeholder("float64", [null], { name: "x" });
      const found: gt.Tensor[] = [];
      let y: gt.Tensor = gt.mul(gt.mul(x, x), gt.mul(x, x));
      for (let order = 1; order <= 4; order++) {
        y = gt.gradients(y, x)[0] as gt.Tensor;
        found.push(y);
      }
      return { x, found };
    });
    expect(densified(graph, found, [[x, [2, -1]]])).toEqual([
      [32, -4],
      [48, 12],
      [48, -24],
      [24, 24],
    ]);
  });

  test("§9 a function that brings its own gradient keeps it in a graph", () => {
    const own = gt.customGradient((x) => ({ value: gt.mul(x, x), gradient: (g) => gt.mul(g, 100) }));
    const tooMany = gt.customGradient((x) => ({ value: gt.mul(x, x), gradient: (g) => [g, g] }));
    const misshapen = gt.customGradient((x) => ({ value: gt.mul(x, x), gradient: (g) => gt.sum(g) }));
    const { graph, y, found } = inGraph(() => {
      const x = c([3, 4], "x");
      const y = own(x);
      expectError(() => gt.gradients(tooMany(x), x), gt.ValueError, "2 gradients for 1");
      expectError(() => gt.gradients(misshapen(x), x), gt.ValueError, "customGradient", /input/, /\[2\]/, /\[\]/);
      return { y, found: gt.gradients(y, x) };
    });
    expect(fetched(sessionOn(graph), y)).toEqual([9, 16]);
    expect(densified(graph, found)).toEqual([[100, 100]]);
  });
});

import { expect } from "vitest";
import * as gt from "../src/index.ts";
import type { Difference } from "./differences.ts";

/** Runs `body` while a new graph is being built. */
const inGraph = (body: (graph: gt.Graph) => void) => () => new gt.Graph().asDefault(body);

const c = (value: number | number[], name = "c") => gt.constant(value, { name });
const operationOf = (tensor: unknown) => (tensor as { readonly op: gt.Operation }).op;
const operationName = (tensor: unknown) => operationOf(tensor).name;
const rmsprop = () => new gt.RMSPropOptimizer(0.1);

/** The rows of the table that concern graphs. */
export const graphDifferences: readonly Difference[] = [
  {
    section: "Graph",
    tensorflow: "an operation without a name is called after its kernel: `Mul`, `Placeholder`",
    here: "after its op, as one writes it: `mul`, `placeholder`; what optimizers and gradients build has TensorFlow's names",
    check: inGraph(() => {
      const x = gt.placeholder("float32", []);
      expect([operationName(x), operationName(gt.mul(x, 2))]).toEqual(["placeholder", "mul"]);
      const v = new gt.Variable(1, { name: "v" });
      expect(rmsprop().applyGradients([[1, v]])!.controlInputs[0]!.name).toBe("RMSProp/update_v/ApplyRMSProp");
    }),
  },
  {
    section: "Graph",
    tensorflow: "operations that do not depend on each other run in any order",
    here: "a session runs them in the order of creation",
    check: inGraph((graph) => {
      const v = new gt.Variable(1);
      const before = gt.identity(v);
      const update = v.assignAdd(1) as gt.Tensor;
      const session = new gt.Session({ graph });
      session.run(gt.globalVariablesInitializer());
      expect(session.run([update, before]).map((value) => value.item())).toEqual([2, 1]);
    }),
  },
  {
    section: "Graph",
    tensorflow:
      "within `control_dependencies` an operation waits by itself only if none of its inputs was built there too",
    here: "every operation built there waits by itself",
    check: inGraph(() => {
      const gate = gt.noOp({ name: "gate" })!;
      const x = c(1);
      const outer = gt.controlDependencies([gate], () => gt.neg(gt.neg(x)));
      expect(operationOf(outer).controlInputs).toEqual([gate]);
    }),
  },
  {
    section: "6.3",
    tensorflow: "a loss or `grad_loss` that is no tensor is an attribute error",
    here: "TypeError",
    check: inGraph(() => {
      const v = new gt.Variable(1);
      expect(() => rmsprop().computeGradients(3 as never)).toThrow(TypeError);
      expect(() => rmsprop().computeGradients(gt.square(v), { gradLoss: 1 })).toThrow(TypeError);
    }),
  },
  {
    section: "7.1",
    tensorflow: "two updates of one variable in one call happen in any order",
    here: "in the order of the list",
    check: inGraph((graph) => {
      const v = new gt.Variable(0);
      const momentum = new gt.MomentumOptimizer(1, 0.5);
      const train = momentum.applyGradients([
        [1, v],
        [4, v],
      ])!;
      const session = new gt.Session({ graph });
      session.run(gt.globalVariablesInitializer());
      session.run(train);
      expect(session.run(v).item()).toBe(-1 - 4.5);
    }),
  },
  {
    section: "7.4",
    tensorflow: "`None` in `group` is a TypeError",
    here: "`null` is skipped: it is what operations are in eager mode",
    check: inGraph(() => expect(gt.group(null, gt.noOp())!.controlInputs).toHaveLength(1)),
  },
  {
    section: "7.6",
    tensorflow:
      "an update that does not fit is a ValueError while building (reference variables), or fails at run time",
    here: "a ValueError while building; InvalidArgumentError where only the run knows the shape",
    check: inGraph(() => {
      const v = new gt.Variable([1, 2]);
      expect(() => rmsprop().applyGradients([[[1, 2, 3], v]])).toThrow(gt.ValueError);
      expect(rmsprop().applyGradients([[gt.placeholder("float32", [null]), v]])).toBeInstanceOf(gt.Operation);
    }),
  },
  {
    section: "9",
    tensorflow: "plain numbers among ys and xs become constants, whose gradient is None",
    here: "TypeError",
    check: inGraph(() => expect(() => gt.gradients(3 as never, c(1))).toThrow(TypeError)),
  },
  {
    section: "9",
    tensorflow: "`gradients` works on the default graph only",
    here: "on the graph of its tensors, also when none is being built",
    check() {
      const graph = new gt.Graph();
      const x = graph.asDefault(() => c(1));
      expect(gt.gradients(gt.square(x), x)[0]).toHaveProperty("graph", graph);
    },
  },
  {
    section: "9",
    tensorflow: "an operation is asked for the gradients of all its inputs, and a gate waits for all of them",
    here: "only for inputs that lead to some x: nothing is built that nobody asked for",
    check: inGraph(() => {
      const x = c([1, 2], "x");
      const y = gt.mul(x, c([3, 4], "apart"), { name: "prod" });
      const options = { gateGradients: true };
      expect(operationName(gt.gradients(y, x, options)[0])).not.toMatch(/tuple/);
    }),
  },
  {
    section: "9",
    tensorflow: "with colocation the seeds and the sums of gradients are placed too",
    here: "only what stands under `<op name>_grad/`",
    check: inGraph((graph) => {
      const x = c([1, 2], "x");
      const [sum] = gt.gradients(gt.mul(x, x, { name: "prod" }), x, { colocateGradientsWithOps: true });
      expect(operationOf(sum).colocation).toEqual([]);
      const parts = graph.getOperations().filter(({ name }) => name.includes("prod_grad/"));
      expect(new Set(parts.flatMap(({ colocation }) => colocation))).toEqual(new Set(["prod"]));
    }),
  },
  {
    section: "9.1",
    tensorflow: "the terms of a gradient are added in the order in which the walk back reaches them",
    here: "the users of a tensor contribute in the reverse order of their creation, the same in every mode",
    check: inGraph(() => {
      const x = c([1, 2], "x");
      const y = gt.addN([gt.mul(x, 2, { name: "first" }), gt.mul(x, 3, { name: "second" })]);
      const [sum] = gt.gradients(y, x);
      expect(operationOf(sum).inputs.map((input) => operationName(input).split("/")[1])).toEqual([
        "second_grad",
        "first_grad",
      ]);
    }),
  },
  {
    section: "9.3",
    tensorflow:
      "through `table + x` a gradient stays sparse in a graph where nothing is broadcast, in eager mode for a number only",
    here: "it is dense in both modes",
    check: inGraph(() => {
      const table = new gt.Variable([[1], [2]]);
      const loss = gt.sum(gt.gather(gt.add(table, [[1], [1]]), [0]));
      expect(gt.gradients(loss, table)[0]).toBeInstanceOf(gt.Tensor);
    }),
  },
  {
    section: "11.2",
    tensorflow: "a Jacobian of tensors with open extents in a graph is computed by loops",
    here: "ValueError: all extents must be known",
    check: inGraph(() => {
      const x = gt.placeholder("float32", [null]);
      const tape = new gt.GradientTape();
      const y = tape.record(() => {
        tape.watch(x);
        return gt.square(x);
      });
      expect(() => tape.jacobian(y, x)).toThrow(gt.ValueError);
    }),
  },
];

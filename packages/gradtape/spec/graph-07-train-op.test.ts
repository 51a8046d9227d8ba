import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { fetched, inGraph, namesAddedBy, sessionOn, waitsFor } from "./graph-support.ts";
import { expectError, rmsprop, slices } from "./support.ts";

const { TRAIN_OP } = gt.GraphKeys;

/** One variable `w` of the graph being built. */
const one = () => new gt.Variable([1, 2], { name: "w" });

describe("§7.3 what is returned", () => {
  test("§7.3 without a step: a no-op of the optimizer's name that waits for every update", () => {
    const { train } = inGraph(() => {
      const [w, u] = [one(), new gt.Variable([1], { name: "u" })];
      return {
        train: rmsprop().applyGradients([
          [[1, 1], w],
          [[1], u],
        ])!,
      };
    });
    expect([train.name, train.type, train.outputs]).toEqual(["RMSProp", "noOp", []]);
    expect(waitsFor(train)).toEqual(["RMSProp/update_w/ApplyRMSProp", "RMSProp/update_u/ApplyRMSProp"]);
  });

  test("§7.3 with a step: the assign-add under that name, the group becomes <name>/update", () => {
    const { graph, train, step } = inGraph(() => {
      const w = one();
      const step = gt.createGlobalStep();
      return { step, train: rmsprop().applyGradients([[[1, 1], w]], { globalStep: step, name: "go" })! };
    });
    expect([train.name, train.type]).toEqual(["go", "assignAdd"]);
    expect(train.inputs[0]).toBe(step);
    const group = graph.getOperationByName("go/update");
    expect([group.type, ...waitsFor(group)]).toEqual(["noOp", "go/update_w/ApplyRMSProp"]);
    expect(waitsFor(train)).toEqual(["go/update"]);
  });

  test("§7.3 running it gives null", () => {
    const { graph, train } = inGraph(() => ({ train: rmsprop().applyGradients([[[1, 1], one()]])! }));
    expect(sessionOn(graph).run(train)).toBeNull();
    expect(sessionOn(graph).run([train, { also: train }])).toEqual([null, { also: null }]);
  });

  test("§7.3 repeated calls, other names, and scopes around the call", () => {
    inGraph(() => {
      const w = one();
      const optimizer = rmsprop();
      const apply = (name?: string) => optimizer.applyGradients([[[1, 1], w]], name ? { name } : {})!.name;
      expect([apply(), apply(), apply()]).toEqual(["RMSProp", "RMSProp_1", "RMSProp_2"]);
      expect([apply("mine"), apply("mine")]).toEqual(["mine", "mine_1"]);
      expect(gt.nameScope("outer", () => apply())).toBe("outer/RMSProp");
      expect(optimizer.getName()).toBe("RMSProp");
      return {};
    });
  });

  test("§7.3 updates are named <name>/update_<variable>/<kernel>, also for variables in scopes and sparse gradients", () => {
    inGraph((graph) => {
      const scoped = gt.nameScope("s", one);
      const table = new gt.Variable([[1], [2]], { name: "table" });
      const optimizer = rmsprop({ centered: true });
      const added = namesAddedBy(graph, () =>
        optimizer.applyGradients(
          [
            [[1, 1], scoped],
            [slices([[1]], [0]), table],
          ],
          { name: "t" },
        ),
      );
      expect(added).toContain("t/update_s/w/ApplyCenteredRMSProp");
      expect(added).toContain("t/update_table/SparseApplyCenteredRMSProp");
      return {};
    });
  });

  test("§7.3 useLocking is carried on the update operations and changes no number", () => {
    const trained = (useLocking: boolean) => {
      const { graph, w, train } = inGraph(() => {
        const w = one();
        return { w, train: rmsprop({ useLocking }).applyGradients([[[1, 3], w]])! };
      });
      const [update] = train.controlInputs;
      expect(update!.attributes.useLocking).toBe(useLocking);
      const session = sessionOn(graph);
      session.run(train);
      return fetched(session, w);
    };
    expect(trained(true)).toEqual(trained(false));
  });

  test("§7.3 the result joins the train-op collection, once", () => {
    const { graph, trains } = inGraph(() => {
      const w = one();
      const optimizer = rmsprop();
      return { trains: [optimizer.applyGradients([[[1, 1], w]]), optimizer.applyGradients([[[1, 1], w]])] };
    });
    expect(graph.getCollection(TRAIN_OP)).toEqual(trains);
  });

  test("§7.3 control dependencies around the call are waited for", () => {
    const { train } = inGraph(() => {
      const w = one();
      const gate = gt.noOp({ name: "gate" })!;
      return { train: gt.controlDependencies([gate], () => rmsprop().applyGradients([[[1, 1], w]])!) };
    });
    expect(waitsFor(train)).toEqual(["gate", "RMSProp/update_w/ApplyRMSProp"]);
  });
});

describe("§7.5 constraints in a graph", () => {
  const half = (value: gt.Tensor) => gt.mul(value, 0.5);

  test("§7.5 after a dense update the variable is projected, its slots are not; the step waits for it", () => {
    const optimizer = rmsprop();
    const { graph, v, train } = inGraph(() => {
      const v = new gt.Variable([1, 2], { name: "v", constraint: half });
      return { v, train: optimizer.applyGradients([[[1, 1], v]])! };
    });
    const plain = rmsprop();
    const {
      graph: other,
      w,
      step,
    } = inGraph(() => {
      const w = one();
      return { w, step: plain.applyGradients([[[1, 1], w]])! };
    });
    const [session, reference] = [sessionOn(graph), sessionOn(other)];
    session.run(train);
    reference.run(step);
    expect(fetched(session, v)).toEqual(fetched(reference, w).map((value) => value / 2));
    for (const slot of ["rms", "momentum"]) {
      expect(fetched(session, optimizer.getSlot(v, slot)!)).toEqual(fetched(reference, plain.getSlot(w, slot)!));
    }
  });

  test("§7.5 a sparse gradient on such a variable is a RuntimeError while building", () => {
    inGraph(() => {
      const v = new gt.Variable([[1], [2]], { name: "v", constraint: half });
      const call = () => rmsprop().applyGradients([[slices([[1]], [0]), v]]);
      expectError(call, gt.RuntimeError, /constraint/, /sparse/);
      return {};
    });
  });
});

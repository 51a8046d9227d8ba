import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { fetched, inGraph, sessionOn } from "./graph-support.ts";
import { expectError } from "./support.ts";

/** What a session computes for a tensor of a graph. */
const valueIn = (graph: gt.Graph, tensor: unknown, feeds: gt.Feeds = []) =>
  (sessionOn(graph).run(tensor as gt.Tensor, feeds) as gt.Tensor).array();

describe("§11 the tape in graph mode", () => {
  test("§11 it records operations and adds those of the gradient to the graph", () => {
    const { graph, dx } = inGraph((graph) => {
      const x = gt.constant([1, 2], { name: "x" });
      const tape = new gt.GradientTape();
      const y = tape.record(() => {
        tape.watch(x);
        return gt.mul(x, x);
      });
      const before = graph.getOperations().length;
      const dx = tape.gradient(y, x);
      expect(graph.getOperations().length).toBeGreaterThan(before);
      return { dx };
    });
    expect(valueIn(graph, dx)).toEqual([2, 4]);
  });

  test("§11 trainable variables are watched when they are read, others not; watchedVariables in order of creation", () => {
    const { graph, found } = inGraph(() => {
      const a = new gt.Variable([1, 2], { name: "a" });
      const b = new gt.Variable([3, 4], { name: "b" });
      const frozen = new gt.Variable([5, 6], { name: "frozen", trainable: false });
      const tape = new gt.GradientTape();
      const y = tape.record(() => gt.sum(gt.mul(gt.mul(b, a), frozen)));
      expect(tape.watchedVariables()).toEqual([a, b]);
      return { found: tape.gradient(y, { a, b, frozen }) };
    });
    expect(found.frozen).toBeNull();
    expect(valueIn(graph, found.a)).toEqual([15, 24]);
    expect(valueIn(graph, found.b)).toEqual([5, 12]);
  });

  test("§11 watchAccessedVariables: false", () => {
    inGraph(() => {
      const a = new gt.Variable([1, 2]);
      const tape = new gt.GradientTape({ watchAccessedVariables: false });
      const y = tape.record(() => gt.square(a));
      expect(tape.watchedVariables()).toEqual([]);
      expect(tape.gradient(y, a)).toBeNull();
      return {};
    });
  });

  test("§11 what is outside of the tape is not recorded, in the graph as it may be", () => {
    inGraph(() => {
      const x = gt.constant([1, 2], { name: "x" });
      const before = gt.square(x);
      const tape = new gt.GradientTape();
      const y = tape.record(() => {
        tape.watch(x);
        return gt.mul(before, 2);
      });
      expect(tape.gradient(y, x)).toBeNull();
      // The graph itself knows the way.
      expect(gt.gradients(y, x)[0]).not.toBeNull();
      return {};
    });
  });

  test("§11.1 one answer, or many when persistent", () => {
    inGraph(() => {
      const x = gt.constant(3);
      const [once, many] = [new gt.GradientTape(), new gt.GradientTape({ persistent: true })];
      const run = (tape: gt.GradientTape) =>
        tape.record(() => {
          tape.watch(x);
          return gt.square(x);
        });
      const [y, z] = [run(once), run(many)];
      once.gradient(y, x);
      expectError(() => once.gradient(y, x), gt.RuntimeError, /persistent/);
      many.gradient(z, x);
      expect(many.gradient(z, x)).not.toBeNull();
      return {};
    });
  });

  test("§11.1 targets and sources with extents that only the run tells: ones, zeros and given cotangents", () => {
    const { graph, x, found } = inGraph(() => {
      const x = gt.placeholder("float32", [null, 2], { name: "x" });
      const apart = gt.placeholder("float32", [null], { name: "apart" });
      const tape = new gt.GradientTape({ persistent: true });
      const y = tape.record(() => {
        tape.watch([x, apart]);
        return gt.square(x);
      });
      const given = tape.gradient(y, x, { outputGradients: [gt.mul(x, 0.5)] });
      const [dx, zeros] = tape.gradient(y, [x, apart], { unconnectedGradients: "zero" });
      return { x, found: [dx, given, zeros, apart] };
    });
    const session = sessionOn(graph);
    const feeds: gt.Feeds = [
      [x, [[1, 2]]],
      [found[3] as gt.Tensor, [7, 8, 9]],
    ];
    const got = session.run(found.slice(0, 3) as gt.Tensor[], feeds);
    expect(got.map((each) => each.array())).toEqual([[[2, 4]], [[1, 4]], [0, 0, 0]]);
  });

  test("§11.1 higher orders: a tape within a tape", () => {
    const { graph, second } = inGraph(() => {
      const x = gt.constant([1, 2], { dtype: "float64" });
      const outer = new gt.GradientTape();
      const first = outer.record(() => {
        outer.watch(x);
        const inner = new gt.GradientTape();
        const y = inner.record(() => {
          inner.watch(x);
          return gt.mul(x, gt.mul(x, x));
        });
        return inner.gradient(y, x) as gt.Tensor;
      });
      return { second: outer.gradient(first, x) };
    });
    expect(valueIn(graph, second)).toEqual([6, 12]);
  });

  test("§11.1 gradients of gathered tables are slices", () => {
    const { graph, rows } = inGraph(() => {
      const table = new gt.Variable([[1], [2], [3]]);
      const tape = new gt.GradientTape();
      const y = tape.record(() => gt.sum(gt.gather(table, [2, 2])));
      return { rows: tape.gradient(y, table) as gt.IndexedSlices };
    });
    expect(rows).toBeInstanceOf(gt.IndexedSlices);
    expect(Array.from(sessionOn(graph).run(rows).indices.data)).toEqual([2, 2]);
  });

  test("§11.2 jacobian: target shape by source shape; an open extent is a ValueError", () => {
    const { graph, jacobian } = inGraph(() => {
      const x = gt.constant([1, 2], { name: "x" });
      const tape = new gt.GradientTape({ persistent: true });
      const y = tape.record(() => {
        tape.watch(x);
        return gt.mul(x, x);
      });
      const open = gt.placeholder("float32", [null]);
      tape.record(() => tape.watch(open));
      expectError(() => tape.jacobian(y, open), gt.ValueError, /open extent/);
      return { jacobian: tape.jacobian(y, x) };
    });
    expect(valueIn(graph, jacobian)).toEqual([
      [2, 0],
      [0, 4],
    ]);
  });

  test("§11 an assignment is not differentiated: later reads count as the variable itself", () => {
    const { graph, w, v, dw, dv } = inGraph(() => {
      const w = new gt.Variable(3, { name: "w" });
      const v = new gt.Variable(1, { name: "v" });
      const tape = new gt.GradientTape();
      const y = tape.record(() => gt.square(v.assignAdd(gt.mul(w, 2)) as gt.Tensor));
      const [dw, dv] = tape.gradient(y, [w, v]) as [null, gt.Tensor];
      return { w, v, dw, dv };
    });
    expect(dw).toBeNull();
    const session = sessionOn(graph);
    expect(fetched(session, dv)).toEqual([14]);
    expect([...fetched(session, v), ...fetched(session, w)]).toEqual([7, 3]);
  });
});

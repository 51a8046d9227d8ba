import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { fetched, inGraph, nameOf, sessionOn } from "./graph-support.ts";
import { expectError } from "./support.ts";

const { GLOBAL_VARIABLES, TRAINABLE_VARIABLES } = gt.GraphKeys;

/** Names of variables. */
const names = (variables: readonly gt.Variable[]) => variables.map(({ opName }) => opName);

describe("§12 collections", () => {
  test("§12 creation adds to the global variables, and to the trainable ones unless told otherwise", () => {
    inGraph(() => {
      const [a, b] = [new gt.Variable(1), new gt.Variable(1, { trainable: false })];
      const whole = new gt.Variable(1, { dtype: "int32" });
      expect(gt.globalVariables()).toEqual([a, b, whole]);
      expect(gt.trainableVariables()).toEqual([a, whole]);
      return {};
    });
  });

  test("§12 collections given replace the global one; a trainable variable joins the trainable all the same", () => {
    const { graph, mine } = inGraph(() => ({ mine: new gt.Variable(1, { collections: ["mine", "yours"] }) }));
    expect(graph.getCollection(GLOBAL_VARIABLES)).toEqual([]);
    expect(graph.getCollection("mine")).toEqual([mine]);
    expect(graph.getCollection("yours")).toEqual([mine]);
    expect(graph.getCollection(TRAINABLE_VARIABLES)).toEqual([mine]);
  });

  test("§12 a graph keeps its own; eager mode has none", () => {
    const { graph, v } = inGraph(() => ({ v: new gt.Variable(1) }));
    expect(gt.globalVariables()).not.toContain(v);
    expect(new gt.Graph().asDefault(() => gt.globalVariables())).toEqual([]);
    expect(graph.asDefault(() => gt.globalVariables())).toEqual([v]);
  });

  test("§12 members by a pattern that their names begin with; a copy, and the collection itself", () => {
    inGraph((graph) => {
      const make = (name: string) => gt.getVariable(name, { shape: [1] });
      gt.variableScope("s", () => [make("a"), make("b")]);
      make("a");
      expect(names(gt.globalVariables("s"))).toEqual(["s/a", "s/b"]);
      expect(names(gt.trainableVariables(".*a"))).toEqual(["s/a", "a"]);
      graph.addToCollection("things", 3);
      gt.addToCollection("things", { name: "named" });
      expect(gt.getCollection("things", "na")).toEqual([{ name: "named" }]);
      gt.getCollection("things").push(4);
      expect(gt.getCollection("things")).toHaveLength(2);
      graph.getCollectionRef("things").push(4);
      expect(gt.getCollection("things")).toHaveLength(3);
      expect(gt.getCollection("nothing")).toEqual([]);
      expect(graph.getAllCollectionKeys().sort()).toEqual(["things", TRAINABLE_VARIABLES, GLOBAL_VARIABLES].sort());
      return {};
    });
  });

  test("§12 the order of trainable variables is that of creation, which is that of computeGradients", () => {
    inGraph(() => {
      const [z, a] = [new gt.Variable(1, { name: "z" }), new gt.Variable(2, { name: "a" })];
      const pairs = new gt.RMSPropOptimizer(0.1).computeGradients(gt.mul(a, z));
      expect(pairs.map(([, variable]) => variable)).toEqual([z, a]);
      return {};
    });
  });
});

describe("§12 making variables in a graph", () => {
  test("§12 names are made unique: Variable, Variable_1", () => {
    inGraph(() => {
      expect([1, 2, 3].map(() => new gt.Variable(0).name)).toEqual(["Variable:0", "Variable_1:0", "Variable_2:0"]);
      expect([1, 2].map(() => new gt.Variable(0, { name: "w" }).name)).toEqual(["w:0", "w_1:0"]);
      expect(gt.nameScope("n", () => new gt.Variable(0, { name: "w" }).name)).toBe("n/w:0");
      return {};
    });
  });

  test("§12 the dtype is that of the initial value, unless given; none at all is a ValueError", () => {
    inGraph(() => {
      expect(new gt.Variable(gt.tensor([1], { dtype: "float64" })).dtype).toBe("float64");
      expect(new gt.Variable(gt.constant([1], { dtype: "int32" })).dtype).toBe("int32");
      expect(new gt.Variable([1], { dtype: "float64" }).dtype).toBe("float64");
      expect(new gt.Variable(0.5).dtype).toBe("float32");
      expectError(() => new gt.Variable(null as never), gt.ValueError, /initial value/);
      expectError(() => new gt.Variable(undefined as never), gt.ValueError, /initial value/);
      return {};
    });
  });

  test("§12 the initial value may be computed from others", () => {
    const { graph, b } = inGraph(() => {
      const a = new gt.Variable([1, 2], { name: "a" });
      return { b: new gt.Variable(gt.mul(a.initializedValue(), 2), { name: "b" }) };
    });
    expect(fetched(sessionOn(graph), b)).toEqual([2, 4]);
  });
});

describe("§12 getVariable and variable scopes", () => {
  const a = () => gt.getVariable("a", { shape: [2] });

  test("§12 a second one of the name is a ValueError that suggests reuse", () => {
    inGraph(() => {
      a();
      expectError(a, gt.ValueError, /\ba\b/, /already exists/, /reuse/);
      gt.variableScope("s", () => {
        a();
        expectError(a, gt.ValueError, "s/a");
      });
      return {};
    });
  });

  test("§12 under reuse the very variable; a missing one is a ValueError", () => {
    inGraph(() => {
      const made = gt.variableScope("s", a);
      const reuse = { reuse: true };
      expect(gt.variableScope("s", a, reuse)).toBe(made);
      const missing = () => gt.variableScope("s", () => gt.getVariable("nope", { shape: [2] }), reuse);
      expectError(missing, gt.ValueError, "s/nope", /reuse/);
      return {};
    });
  });

  test("§12 another shape or dtype than that of the existing one is a ValueError", () => {
    inGraph(() => {
      gt.variableScope("s", a);
      const again = (options: gt.VariableOptions & { shape?: number[] }) => () =>
        gt.variableScope("s", () => gt.getVariable("a", options), { reuse: true });
      expectError(again({ shape: [3] }), gt.ValueError, "s/a", "[2]", "[3]");
      expectError(again({ shape: [2], dtype: "float64" }), gt.ValueError, "float64", "float32");
      return {};
    });
  });

  test('§12 reuse passes to the scopes within, which cannot take it back; "auto" does what is possible', () => {
    inGraph(() => {
      const reuseIn = (outer: gt.VariableScopeOptions, inner: gt.VariableScopeOptions) =>
        gt.variableScope("o", () => gt.variableScope("i", ({ reuse }) => reuse, inner), outer);
      expect(reuseIn({ reuse: true }, {})).toBe(true);
      expect(reuseIn({ reuse: true }, { reuse: false })).toBe(true);
      expect(reuseIn({ reuse: "auto" }, {})).toBe("auto");
      expect(reuseIn({ reuse: "auto" }, { reuse: false })).toBe("auto");
      expect(reuseIn({}, {})).toBe(false);
      const auto = () => gt.variableScope("s", a, { reuse: "auto" });
      expect(auto()).toBe(auto());
      return {};
    });
  });

  test("§12 names: the variable scope counts for variables, both scopes for operations, each entry for its own", () => {
    inGraph(() => {
      const o = () => nameOf(gt.constant(1, { name: "o" }));
      const v = () => new gt.Variable(1, { name: "v" }).name;
      const scope = gt.variableScope("s", (scope) => {
        expect([a().name, o(), v(), scope.name]).toEqual(["s/a:0", "s/o:0", "s/v:0", "s"]);
        return scope;
      });
      gt.variableScope("s", () => expect([a().name, o(), v()]).toEqual(["s/a:0", "s_1/o:0", "s_1/v:0"]), {
        reuse: true,
      });
      gt.variableScope(scope, () => expect([a().name, o()]).toEqual(["s/a:0", "s_2/o:0"]), { reuse: true });
      gt.variableScope("x", () => {
        gt.variableScope(scope, (again) => expect([again.name, a().name, o()]).toEqual(["s", "s/a:0", "x/s/o:0"]), {
          reuse: true,
        });
      });
      gt.nameScope("n", () => {
        expect([gt.getVariable("g", { shape: [1] }).name, v()]).toEqual(["g:0", "n/v:0"]);
        gt.variableScope("t", () => expect([a().name, o()]).toEqual(["t/a:0", "n/t/o:0"]));
      });
      expect(gt.getVariableScope().name).toBe("");
      return {};
    });
  });

  test("§12 the shape comes from shape or from the initial value, not from both or none", () => {
    const { graph, given } = inGraph(() => {
      expectError(() => gt.getVariable("none"), gt.ValueError, /shape/);
      expectError(() => gt.getVariable("both", { shape: [2], initializer: [1, 2] }), gt.ValueError, /shape/);
      return { given: gt.getVariable("given", { initializer: [1, 2] }) };
    });
    expect(fetched(sessionOn(graph), given)).toEqual([1, 2]);
  });

  test("§12 the initializer of a scope passes to the scopes within", () => {
    const { graph, v } = inGraph(() => {
      const initializer = (shape: gt.Shape, options: { dtype: gt.DType }) => gt.ones(shape, options);
      return { v: gt.variableScope("o", () => gt.variableScope("i", a), { initializer }) };
    });
    expect(fetched(sessionOn(graph), v)).toEqual([1, 1]);
  });
});

describe("§12 values in a session", () => {
  test("§12 reading before initialization is a FailedPreconditionError that names the variable", () => {
    const { graph, v, sum } = inGraph(() => {
      const v = new gt.Variable([1, 2], { name: "early" });
      return { v, sum: gt.sum(v) };
    });
    const session = new gt.Session({ graph });
    for (const fetch of [v, sum, graph.asDefault(() => v.assignAdd([1, 1]) as gt.Tensor)]) {
      expectError(() => session.run(fetch), gt.FailedPreconditionError, "early");
    }
    const ready = graph.asDefault(() => gt.isVariableInitialized(v));
    expect(session.run(ready).item()).toBe(false);
    session.run(v.initializer!);
    expect(session.run(ready).item()).toBe(true);
    expect(fetched(session, sum)).toEqual([3]);
  });

  test("§12 initializedValue: the present value if there is one, else the initial one", () => {
    const { graph, v, value } = inGraph(() => {
      const v = new gt.Variable([1, 2], { name: "v" });
      return { v, value: v.initializedValue() };
    });
    const session = new gt.Session({ graph });
    expect(fetched(session, value)).toEqual([1, 2]);
    session.run(v.initializer!);
    session.run(graph.asDefault(() => v.assign([7, 8]) as gt.Tensor));
    expect(fetched(session, value)).toEqual([7, 8]);
  });

  test("§12 assign, assignAdd, assignSub give tensors with the new value, run only when asked for", () => {
    const { graph, v, set, more, less } = inGraph(() => {
      const v = new gt.Variable([1, 2], { name: "v" });
      const [set, more, less] = [v.assign([3, 4]), v.assignAdd([1, 1]), v.assignSub([2, 2])] as gt.Tensor[];
      return { v, set: set!, more: more!, less: less! };
    });
    const session = sessionOn(graph);
    expect(fetched(session, v)).toEqual([1, 2]);
    expect(fetched(session, set)).toEqual([3, 4]);
    expect(fetched(session, more)).toEqual([4, 5]);
    expect(fetched(session, less)).toEqual([2, 3]);
    expect(fetched(session, v)).toEqual([2, 3]);
  });

  test("§12 another shape is a ValueError, nothing is broadcast; another dtype a TypeError", () => {
    inGraph(() => {
      const v = new gt.Variable([1, 2], { name: "v" });
      for (const method of ["assign", "assignAdd", "assignSub"] as const) {
        expectError(() => v[method]([1]), gt.ValueError, "[2]", "[1]");
        expectError(() => v[method](1), gt.ValueError, "[2]");
        expectError(() => v[method](gt.tensor([1, 2], { dtype: "float64" })), TypeError, "float64", "float32");
      }
      return {};
    });
  });

  test("§12 scatterAdd, scatterSub and scatterUpdate take slices only", () => {
    const { graph, add, sub, set } = inGraph(() => {
      const v = new gt.Variable([[1], [2], [3]], { name: "v" });
      const slices = new gt.IndexedSlices(gt.constant([[1], [2]]), gt.constant([2, 2], { dtype: "int32" }));
      for (const method of ["scatterAdd", "scatterSub", "scatterUpdate"] as const) {
        expectError(() => v[method](gt.constant([1]) as never), TypeError, "IndexedSlices");
        expectError(() => v[method](3 as never), TypeError, "IndexedSlices");
      }
      const [add, sub, set] = [v.scatterAdd(slices), v.scatterSub(slices), v.scatterUpdate(slices)] as gt.Tensor[];
      return { add: add!, sub: sub!, set: set! };
    });
    const session = sessionOn(graph);
    expect(fetched(session, add)).toEqual([1, 2, 6]);
    expect(fetched(session, sub)).toEqual([1, 2, 3]);
    expect(fetched(session, set)).toEqual([1, 2, 2]);
  });
});

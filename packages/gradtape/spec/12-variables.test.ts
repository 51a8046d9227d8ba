import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { expectError, numbers, slices, variable } from "./support.ts";

describe("§12 making variables", () => {
  test("§12 no initial value is a ValueError", () => {
    for (const nothing of [undefined, null, () => null, () => undefined]) {
      expectError(() => new gt.Variable(nothing as never), gt.ValueError, /initial value/);
    }
  });

  test("§12 the dtype is that of the initial value, unless given", () => {
    const dtypes = [
      gt.tensor([1], { dtype: "float64" }),
      new Float64Array([1]),
      gt.tensor([1], { dtype: "int32" }),
      new Int32Array([1]),
      [true],
      1.5,
    ].map((initial) => new gt.Variable(initial as gt.Operand).dtype);
    expect(dtypes).toEqual(["float64", "float64", "int32", "int32", "bool", "float32"]);
    expect(new gt.Variable(3, { dtype: "int32" }).dtype).toBe("int32");
    expect(new gt.Variable([0.1], { dtype: "float64" }).data).toEqual(new Float64Array([0.1]));
  });

  test("§12 the initial value may be a function, called once at creation", () => {
    let calls = 0;
    const v = new gt.Variable(() => {
      calls++;
      return [1, 2];
    });
    expect([calls, numbers(v)]).toEqual([1, [1, 2]]);
  });

  test("§12 a variable made from a tensor or a variable does not follow it", () => {
    const [source, data] = [variable([1, 2]), new Float32Array([1, 2])];
    const [fromVariable, fromArray] = [new gt.Variable(source), new gt.Variable(data)];
    const tensor = gt.tensor([1, 2]);
    const fromTensor = new gt.Variable(tensor);
    source.assign([7, 7]);
    data.fill(7);
    fromTensor.assignAdd([1, 1]);
    expect([fromVariable, fromArray, tensor, fromTensor].map(numbers)).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
      [2, 3],
    ]);
  });

  test("§12 trainable by default, also integers; the flag is kept", () => {
    expect(new gt.Variable(gt.tensor(1, { dtype: "int32" })).trainable).toBe(true);
    expect(new gt.Variable(1, { trainable: false }).trainable).toBe(false);
  });

  test("§12 eager: names are taken as given, two variables may share one", () => {
    const [a, b] = [variable(1, "w"), variable(2, "w")];
    expect([a.name, b.name, new gt.Variable(1).name]).toEqual(["w:0", "w:0", "Variable:0"]);
  });
});

describe("§12 getVariable", () => {
  test("§12 refuses a second one of the name: a ValueError that suggests reuse", () => {
    const made = gt.getVariable("unique_a", { shape: [2] });
    expect([made.name, made.shape, made.dtype]).toEqual(["unique_a:0", [2], "float32"]);
    expectError(() => gt.getVariable("unique_a", { shape: [2] }), gt.ValueError, /unique_a/, /reuse/);
  });

  test("§12 under reuse finds it again; a missing one is a ValueError", () => {
    const made = gt.variableScope("scope_b", () => gt.getVariable("w", { shape: [2] }));
    expect(made.name).toBe("scope_b/w:0");
    gt.variableScope(
      "scope_b",
      () => {
        expect(gt.getVariable("w")).toBe(made);
        expectError(() => gt.getVariable("missing", { shape: [2] }), gt.ValueError, /scope_b\/missing/, /reuse/);
      },
      { reuse: true },
    );
  });

  test('§12 reuse "auto" makes what is missing and finds what is there', () => {
    const twice = [1, 2].map(() =>
      gt.variableScope("scope_c", () => gt.getVariable("w", { shape: [3] }), { reuse: "auto" }),
    );
    expect(twice[0]).toBe(twice[1]);
  });

  test("§12 another shape than that of the existing one is a ValueError", () => {
    gt.getVariable("unique_d", { shape: [2] });
    gt.variableScope(
      gt.getVariableScope(),
      () => {
        expectError(() => gt.getVariable("unique_d", { shape: [3] }), gt.ValueError, /unique_d/, "[2]", "[3]");
        expect(gt.getVariable("unique_d", { shape: [2] }).opName).toBe("unique_d");
      },
      { reuse: true },
    );
  });
});

describe("§12 assign, assignAdd, assignSub", () => {
  test("§12 eager: act at once and give the variable back", () => {
    const v = variable([1, 2]);
    expect(v.assign([3, 4])).toBe(v);
    expect(v.assignAdd([1, 1])).toBe(v);
    expect(v.assignSub(gt.tensor([0.5, 0]))).toBe(v);
    expect(numbers(v)).toEqual([3.5, 5]);
    v.assign(variable([8, 9]));
    expect(numbers(v)).toEqual([8, 9]);
  });

  test.each(["assign", "assignAdd", "assignSub"] as const)("§12 %s: another shape is a ValueError", (method) => {
    const v = variable([1, 2]);
    for (const value of [1, [1], [1, 2, 3], [[1, 2]]]) {
      expectError(() => v[method](value), gt.ValueError, "[2]", `[${gt.tensor(value).shape.join(", ")}]`);
    }
    expect(numbers(v)).toEqual([1, 2]);
  });

  test.each(["assign", "assignAdd", "assignSub"] as const)("§12 %s: another dtype is a TypeError", (method) => {
    const v = variable([1, 2]);
    for (const dtype of ["float64", "int32"] as const) {
      expectError(() => v[method](gt.tensor([1, 2], { dtype })), TypeError, "float32", dtype);
    }
    expect(numbers(v)).toEqual([1, 2]);
  });

  test("§12 plain numbers take the dtype of the variable", () => {
    const v = new gt.Variable(gt.tensor([1, 2], { dtype: "int32" }));
    v.assignAdd([10, 20]);
    expect([v.dtype, numbers(v)]).toEqual(["int32", [11, 22]]);
    expectError(() => v.assign([0.5, 1]), TypeError, "0.5");
  });

  test("§12 what was read before an assignment keeps its value", () => {
    const v = variable([1, 2]);
    const [read, data, array] = [v.value(), v.data, v.array()];
    const view = gt.slice(v, [1], [1]);
    v.assign([3, 4]);
    v.assignAdd([1, 1]);
    expect([numbers(read), Array.from(data), array, numbers(view)]).toEqual([[1, 2], [1, 2], [1, 2], [2]]);
    data.fill(9);
    expect(numbers(v)).toEqual([4, 5]);
  });
});

describe("§12 scatter", () => {
  const table = () =>
    variable([
      [1, 2],
      [3, 4],
    ]);

  test("§12 add and subtract the named rows, repeated ones in turn; update sets them, the last stays", () => {
    const rows = slices(
      [
        [1, 1],
        [10, 10],
      ],
      [1, 1],
    );
    const v = table();
    expect(v.scatterAdd(rows)).toBe(v);
    expect(numbers(v)).toEqual([1, 2, 14, 15]);
    expect(numbers(v.scatterSub(rows) as gt.Variable)).toEqual([1, 2, 3, 4]);
    expect(numbers(v.scatterUpdate(rows) as gt.Variable)).toEqual([1, 2, 10, 10]);
  });

  test.each(["scatterAdd", "scatterSub", "scatterUpdate"] as const)(
    "§12 %s: anything but slices is a TypeError",
    (m) => {
      for (const other of [gt.ones([2, 2]), [[1, 2]], 3, null]) {
        expectError(() => table()[m](other as never), TypeError, /IndexedSlices/);
      }
    },
  );

  test("§12 a bad index is an InvalidArgumentError, and no row is written", () => {
    const v = table();
    for (const bad of [2, -1]) {
      const rows = slices(
        [
          [1, 1],
          [1, 1],
        ],
        [0, bad],
      );
      for (const method of ["scatterAdd", "scatterSub", "scatterUpdate"] as const) {
        expectError(() => v[method](rows), gt.InvalidArgumentError, String(bad));
      }
    }
    expect(numbers(v)).toEqual([1, 2, 3, 4]);
  });
});

describe("§12 initial and present value", () => {
  test("§12 initializedValue is the present value of an initialized variable", () => {
    const v = variable([1, 2]);
    expect(numbers(v.initializedValue())).toEqual([1, 2]);
    v.assign([3, 4]);
    expect(numbers(v.initializedValue())).toEqual([3, 4]);
    expect(gt.isVariableInitialized(v).item()).toBe(true);
  });

  test("§12 eager: no collections, variables live as long as they are used", () => {
    variable(1);
    expect(gt.globalVariables()).toEqual([]);
    expect(gt.trainableVariables()).toEqual([]);
  });
});

import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { expectError, numbers, ones, rmsprop, slices, variable } from "./support.ts";

/** Variables of this name get their slot names counted; a fresh one for each test. */
let counter = 0;
const freshName = () => `fresh${counter++}`;

const opNames = (variables: readonly (gt.Variable | null)[]) => variables.map((v) => v?.opName);

describe("§4 slots", () => {
  test("§4 are made by the first applyGradients, for every variable with a gradient, in list order", () => {
    const [a, b, c] = [freshName(), freshName(), freshName()].map((name) => variable([1, 2], name));
    const optimizer = rmsprop({ centered: true });
    expect(optimizer.variables()).toEqual([]);
    optimizer.computeGradients(() => gt.add(a!, b!));
    expect(optimizer.variables()).toEqual([]);
    optimizer.applyGradients([
      [ones(b!), b!],
      [null, c!],
      [ones(a!), a!],
    ]);
    const inOrder = [b!, a!].flatMap((v) => ["rms", "mg", "momentum"].map((slot) => optimizer.getSlot(v, slot)!));
    const made = [...optimizer.variables()].sort((x, y) => x.order - y.order);
    expect(opNames(made)).toEqual(opNames(inOrder));
  });

  test("§4 a variable whose gradient is null gets none; they are born with its first gradient, rms at 1", () => {
    const [a, late] = [variable([1, 2]), variable([3, 4])];
    const optimizer = rmsprop({ decay: 1 });
    optimizer.applyGradients([
      [ones(a), a],
      [null, late],
    ]);
    expect(optimizer.getSlot(late, "rms")).toBeNull();
    expect(optimizer.getSlot(late, "momentum")).toBeNull();
    optimizer.applyGradients([[gt.zeros([2]), late]]);
    expect(numbers(optimizer.getSlot(late, "rms"))).toEqual([1, 1]);
  });

  test("§4 are kept from call to call, whoever makes the call", () => {
    const v = variable([1, 2]);
    const optimizer = rmsprop();
    optimizer.applyGradients([[ones(v), v]]);
    const rms = optimizer.getSlot(v, "rms");
    optimizer.applyGradients([[slices([1], [0]), v]]);
    optimizer.minimize(() => gt.square(v));
    expect(optimizer.getSlot(v, "rms")).toBe(rms);
    expect(optimizer.variables()).toHaveLength(2);
  });

  test("§4 belong to one optimizer: another one has its own", () => {
    const v = variable(1);
    const [a, b] = [rmsprop(), rmsprop()];
    a.applyGradients([[1, v]]);
    expect(b.getSlot(v, "rms")).toBeNull();
    b.applyGradients([[1, v]]);
    expect(b.getSlot(v, "rms")).not.toBe(a.getSlot(v, "rms"));
  });

  test("§4 a failing apply can leave them behind, at their initial values", () => {
    const v = variable([1, 2]);
    const optimizer = rmsprop({ centered: true });
    expectError(() => optimizer.applyGradients([[[1, 2, 3], v]]), gt.InvalidArgumentError);
    expect(["rms", "mg", "momentum"].map((slot) => numbers(optimizer.getSlot(v, slot)))).toEqual([
      [1, 1],
      [0, 0],
      [0, 0],
    ]);
  });

  test("§4 have the shape and dtype of their variable and are not trainable", () => {
    for (const dtype of ["float32", "float64"] as const) {
      for (const shape of [[], [3], [2, 1, 2], [0, 2]]) {
        const v = new gt.Variable(gt.zeros(shape, { dtype }));
        const optimizer = rmsprop({ centered: true });
        optimizer.applyGradients([[ones(v), v]]);
        for (const slot of optimizer.variables()) {
          expect([slot.shape, slot.dtype, slot.trainable]).toEqual([shape, dtype, false]);
        }
      }
    }
  });

  test("§4 are not taken up by a loss that reads them", () => {
    const v = variable(2);
    const optimizer = rmsprop();
    optimizer.applyGradients([[1, v]]);
    const pairs = optimizer.computeGradients(() => gt.mul(v, optimizer.getSlot(v, "rms")!));
    expect(pairs.map(([, each]) => each)).toEqual([v]);
  });

  test("§4 are ordinary variables: assigning one changes the next update", () => {
    const [a, b] = [variable(1), variable(1)];
    const optimizer = rmsprop({ decay: 1, epsilon: 0, momentum: 1 });
    optimizer.applyGradients([
      [0, a],
      [0, b],
    ]);
    optimizer.getSlot(a, "rms")!.assign(4);
    optimizer.getSlot(b, "momentum")!.assign(0.5);
    optimizer.applyGradients([
      [1, a],
      [0, b],
    ]);
    expect([a.item(), b.item()]).toEqual([Math.fround(1 - Math.fround(0.05)), 0.5]);
  });

  test("§4 eager: keyed by the variable itself; two variables of one name are two", () => {
    const [a, b] = [variable([1], "same"), variable([1], "same")];
    const optimizer = rmsprop();
    optimizer.applyGradients([[[1], a]]);
    expect(optimizer.getSlot(b, "rms")).toBeNull();
    optimizer.applyGradients([[[1], b]]);
    expect(optimizer.getSlot(b, "rms")).not.toBe(optimizer.getSlot(a, "rms"));
  });

  test("§4 are made apart from what is being recorded: a tape around sees no slot", () => {
    const v = variable(1);
    const tape = new gt.GradientTape();
    tape.record(() => rmsprop().minimize(() => gt.square(v)));
    expect(tape.watchedVariables()).toEqual([v]);
  });
});

describe("§4.1 getSlot", () => {
  const v = variable(1);
  const optimizer = rmsprop();
  optimizer.applyGradients([[1, v]]);

  test("§4.1 the same object each time", () => {
    expect(optimizer.getSlot(v, "rms")).toBeInstanceOf(gt.Variable);
    expect(optimizer.getSlot(v, "rms")).toBe(optimizer.getSlot(v, "rms"));
  });

  test("§4.1 null for an unknown name, and for a variable without slots", () => {
    for (const name of ["mg", "velocity", "", "constructor", "__proto__"])
      expect(optimizer.getSlot(v, name)).toBeNull();
    expect(optimizer.getSlot(variable(1), "rms")).toBeNull();
  });

  test("§4.1 something that is no variable is a TypeError", () => {
    for (const other of [3, "v", gt.tensor(1)]) {
      expectError(() => optimizer.getSlot(other as never, "rms"), TypeError, /variable/);
    }
  });
});

describe("§4.2 getSlotNames", () => {
  test("§4.2 sorted, a new list each time, names appear with the first apply", () => {
    const v = variable(1);
    for (const [centered, names] of [
      [false, ["momentum", "rms"]],
      [true, ["mg", "momentum", "rms"]],
    ] as const) {
      const optimizer = rmsprop({ centered });
      expect(optimizer.getSlotNames()).toEqual([]);
      optimizer.applyGradients([[1, v]]);
      expect(optimizer.getSlotNames()).toEqual(names);
      optimizer.getSlotNames().push("mine");
      expect(optimizer.getSlotNames()).toEqual(names);
    }
  });
});

describe("§4.3 variables", () => {
  test("§4.3 sorted by full name as plain strings, not by slot", () => {
    const prefix = freshName();
    const vs = ["b", "a", "ab"].map((name) => variable(1, `${prefix}/${name}`));
    const optimizer = rmsprop();
    optimizer.applyGradients(vs.map((v) => [1, v]));
    expect(optimizer.variables().map(({ name }) => name)).toEqual(
      ["a/RMSProp:0", "a/RMSProp_1:0", "ab/RMSProp:0", "ab/RMSProp_1:0", "b/RMSProp:0", "b/RMSProp_1:0"].map(
        (name) => `${prefix}/${name}`,
      ),
    );
  });

  test('§4.3 _10 comes before _8, and before _1 ("0" < ":")', () => {
    const name = freshName();
    const optimizer = rmsprop();
    for (let i = 0; i < 6; i++) optimizer.applyGradients([[1, variable(1, name)]]);
    const numbering = optimizer.variables().map((slot) => slot.opName.slice(`${name}/RMSProp`.length));
    expect(numbering).toEqual(["", "_10", "_11", "_1", "_2", "_3", "_4", "_5", "_6", "_7", "_8", "_9"]);
  });

  test("§4.3 a new list each time", () => {
    const v = variable(1);
    const optimizer = rmsprop();
    optimizer.applyGradients([[1, v]]);
    optimizer.variables().pop();
    expect(optimizer.variables()).toHaveLength(2);
  });
});

describe("§4.4 names", () => {
  test("§4.4 <variable>/<optimizer>, numbered in the order of creation: rms, momentum", () => {
    const w = variable(1, freshName());
    const optimizer = rmsprop();
    optimizer.applyGradients([[1, w]]);
    expect(optimizer.getSlot(w, "rms")!.name).toBe(`${w.opName}/RMSProp:0`);
    expect(optimizer.getSlot(w, "momentum")!.name).toBe(`${w.opName}/RMSProp_1:0`);
  });

  test("§4.4 centered: rms, mg, momentum", () => {
    const w = variable(1, freshName());
    const optimizer = rmsprop({ centered: true, name: "Mine" });
    optimizer.applyGradients([[1, w]]);
    expect(["rms", "mg", "momentum"].map((slot) => optimizer.getSlot(w, slot)!.opName)).toEqual([
      `${w.opName}/Mine`,
      `${w.opName}/Mine_1`,
      `${w.opName}/Mine_2`,
    ]);
  });

  test("§4.4 a second optimizer of that name on the same variable continues the numbering", () => {
    const w = variable(1, freshName());
    const [first, second] = [rmsprop(), rmsprop()];
    first.applyGradients([[1, w]]);
    second.applyGradients([[1, w]]);
    expect(opNames(["rms", "momentum"].map((slot) => second.getSlot(w, slot)))).toEqual([
      `${w.opName}/RMSProp_2`,
      `${w.opName}/RMSProp_3`,
    ]);
  });

  test("§4.4 eager: so does a second variable of the same name", () => {
    const name = freshName();
    const [a, b] = [variable(1, name), variable(1, name)];
    const optimizer = rmsprop();
    optimizer.applyGradients([[1, a]]);
    optimizer.applyGradients([[1, b]]);
    expect(optimizer.getSlot(b, "rms")!.name).toBe(`${name}/RMSProp_2:0`);
  });

  test("§4.4 a variable scope at the time of the apply prefixes them, a name scope does not", () => {
    const [a, b] = [variable(1, freshName()), variable(1, freshName())];
    const optimizer = rmsprop();
    gt.variableScope("optScope", () => optimizer.applyGradients([[1, a]]));
    gt.nameScope("plain", () => optimizer.applyGradients([[1, b]]));
    expect(optimizer.getSlot(a, "rms")!.opName).toBe(`optScope/${a.opName}/RMSProp`);
    expect(optimizer.getSlot(b, "rms")!.opName).toBe(`${b.opName}/RMSProp`);
  });
});

import * as gt from "gradtape";
import { afterEach, describe, expect, test, vi } from "vitest";
import { expectError, numbers, variable } from "./support.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("§11 watch", () => {
  test("§11 takes tensors, variables and nested structures of them", () => {
    const [x, y] = [gt.tensor(2), gt.tensor(3)];
    const fixed = new gt.Variable(5, { trainable: false });
    const tape = new gt.GradientTape();
    const z = tape.record(() => {
      tape.watch({ first: [x, [fixed]], second: y });
      return gt.mul(gt.mul(x, y), fixed);
    });
    expect(tape.gradient(z, [x, y, fixed]).map(numbers)).toEqual([[15], [10], [6]]);
  });

  test.each([
    ["a number", 3, "number"],
    ["a string", "x", "string"],
    ["null", null, "null"],
    ["an object of another class", new Date(0), "Date"],
    ["a list with a number", [3], "number"],
  ])("§11 watching %s is a ValueError that names its type", (_, value, type) => {
    const tape = new gt.GradientTape();
    tape.record(() => {
      expectError(() => tape.watch(value as never), gt.ValueError, type);
    });
  });

  test("§11 an integer is only warned about; its gradient is null", () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    const x = gt.tensor(3, { dtype: "int32" });
    const tape = new gt.GradientTape();
    const y = tape.record(() => {
      tape.watch(x);
      return gt.mul(x, x);
    });
    expect(warned.mock.calls.map(([message]) => String(message))).toEqual([expect.stringMatching(/int32/)]);
    expect(tape.gradient(y, x)).toBeNull();
  });

  test("§11 works after exit too", () => {
    const [x, y] = [gt.tensor(3), gt.tensor(4)];
    const tape = new gt.GradientTape();
    tape.record(() => {});
    tape.watch([x, y]);
    const z = tape.record(() => gt.mul(x, y));
    expect(tape.gradient(z, [x, y]).map(numbers)).toEqual([[4], [3]]);
  });

  test("§11 Do: before the first enter it is a RuntimeError", () => {
    expectError(() => new gt.GradientTape().watch(gt.tensor(1)), gt.RuntimeError, /record/);
  });

  test("§11 counts from then on: earlier uses are not recorded", () => {
    const x = gt.tensor(3);
    const tape = new gt.GradientTape();
    const y = tape.record(() => {
      const early = gt.mul(x, 100);
      tape.watch(x);
      return gt.add(early, gt.mul(x, 2));
    });
    expect(numbers(tape.gradient(y, x))).toEqual([2]);
  });

  test("§11 is per tape: an inner tape's watch does not mark the outer tape, and the other way round", () => {
    const x = gt.tensor(3);
    for (const watchedBy of ["outer", "inner"] as const) {
      const [outer, inner] = [new gt.GradientTape(), new gt.GradientTape()];
      const y = outer.record(() =>
        inner.record(() => {
          ({ outer, inner })[watchedBy].watch(x);
          return gt.mul(x, x);
        }),
      );
      const found = [outer, inner].map((tape) => tape.gradient(y, x) !== null);
      expect(found).toEqual([watchedBy === "outer", watchedBy === "inner"]);
    }
  });
});

describe("§11 variables are watched when they are read", () => {
  test("§11 trainable ones, at reading, not at creation", () => {
    const tape = new gt.GradientTape();
    const [read, untouched] = [variable(1, "read"), variable(2, "untouched")];
    let inside: gt.Variable | null = null;
    tape.record(() => {
      inside = variable(3, "inside");
      gt.mul(read, untouched.shape.length);
    });
    expect(tape.watchedVariables()).toEqual([read]);
    expect(inside).not.toBeNull();
  });

  test("§11 an assignment gives the variable back, which counts as reading it", () => {
    const v = variable(1);
    const tape = new gt.GradientTape();
    tape.record(() => {
      v.assign(4);
    });
    expect(tape.watchedVariables()).toEqual([v]);
  });

  test("§11 not those that are not trainable; watching them helps", () => {
    const fixed = new gt.Variable(3, { trainable: false });
    for (const watched of [false, true]) {
      const tape = new gt.GradientTape();
      const y = tape.record(() => {
        if (watched) tape.watch(fixed);
        return gt.mul(fixed, 2);
      });
      const dy = tape.gradient(y, fixed);
      expect(dy === null ? null : numbers(dy)).toEqual(watched ? [2] : null);
    }
  });

  test("§11 watchAccessedVariables: false leaves all to watch", () => {
    const [v, w] = [variable(3, "v"), variable(4, "w")];
    const tape = new gt.GradientTape({ watchAccessedVariables: false });
    const y = tape.record(() => {
      tape.watch(w);
      return gt.mul(v, w);
    });
    expect(tape.watchedVariables()).toEqual([w]);
    const [dv, dw] = tape.gradient(y, [v, w]);
    expect(dv).toBeNull();
    expect(numbers(dw!)).toEqual([3]);
  });

  test("§11 every way of reading counts: as an operand, value(), gather", () => {
    const readings: ((v: gt.Variable) => unknown)[] = [
      (v) => gt.neg(v),
      (v) => v.value(),
      (v) => gt.gather(v, [0]),
      (v) => gt.addN([v, v]),
    ];
    for (const reading of readings) {
      const v = variable([1, 2]);
      const tape = new gt.GradientTape();
      tape.record(() => {
        reading(v);
      });
      expect(tape.watchedVariables()).toEqual([v]);
    }
  });

  test("§11 watchedVariables: in creation order, explicit ones included, kept after gradient, gone after reset", () => {
    const [a, fixed, c] = [variable(1, "a"), new gt.Variable(2, { trainable: false }), variable(3, "c")];
    const tape = new gt.GradientTape();
    const y = tape.record(() => {
      const product = gt.mul(c, 2);
      tape.watch(fixed);
      return gt.mul(product, a);
    });
    expect(tape.watchedVariables()).toEqual([a, fixed, c]);
    tape.gradient(y, a);
    expect(tape.watchedVariables()).toEqual([a, fixed, c]);
    const other = new gt.GradientTape();
    other.record(() => {
      gt.mul(a, c);
      other.reset();
      expect(other.watchedVariables()).toEqual([]);
    });
  });
});

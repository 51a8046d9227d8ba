import * as gt from "gradtape";
import { afterEach, describe, expect, test, vi } from "vitest";
import { expectError, numbers, variable } from "./support.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** The gradient of a fresh tape that watches `x` and records `f`. */
function gradientOf(f: (x: gt.Tensor) => gt.Tensor, x: gt.Tensor) {
  const tape = new gt.GradientTape();
  const y = tape.record(() => {
    tape.watch(x);
    return f(x);
  });
  return tape.gradient(y, x);
}

describe("§11 enter and exit", () => {
  test("§11 ops are recorded between enter and exit only", () => {
    const x = gt.tensor(3);
    const tape = new gt.GradientTape({ persistent: true });
    const before = gt.mul(x, x);
    const inside = tape.record(() => {
      tape.watch(x);
      return gt.mul(x, x);
    });
    const after = gt.mul(inside, 2);
    expect(tape.gradient(before, x)).toBeNull();
    expect(numbers(tape.gradient(inside, x))).toEqual([6]);
    expect(tape.gradient(after, x)).toBeNull();
  });

  test("§11 record, start and stop, and `using` are three ways to say the same", () => {
    const x = gt.tensor(3);
    const [a, b] = [new gt.GradientTape(), new gt.GradientTape()];
    a.start();
    a.watch(x);
    const y = gt.mul(x, x);
    a.stop();
    const disposed = () => {
      b.start();
      try {
        b.watch(x);
        return gt.mul(x, x);
      } finally {
        b[Symbol.dispose]();
      }
    };
    const z = disposed();
    expect(numbers(a.gradient(y, x))).toEqual([6]);
    expect(numbers(b.gradient(z, x))).toEqual([6]);
  });

  test("§11 entering while recording is a ValueError: still recording", () => {
    const tape = new gt.GradientTape();
    tape.record(() => {
      expectError(() => tape.start(), gt.ValueError, /still recording/);
      expectError(() => tape.record(() => 0), gt.ValueError, /still recording/);
    });
  });

  test("§11 entering after exit continues the same tape", () => {
    const x = gt.tensor(3);
    const tape = new gt.GradientTape();
    const y = tape.record(() => {
      tape.watch(x);
      return gt.mul(x, x);
    });
    const z = tape.record(() => gt.mul(y, y));
    expect(numbers(tape.gradient(z, x))).toEqual([108]);
  });

  test("§11 exit is fine when gradient has stopped the tape, and when called twice", () => {
    const x = gt.tensor(3);
    const tape = new gt.GradientTape();
    const dx = tape.record(() => {
      tape.watch(x);
      return tape.gradient(gt.mul(x, x), x);
    });
    tape.stop();
    tape.stop();
    expect(numbers(dx)).toEqual([6]);
  });

  test("§11 an error in the recorded function ends the recording", () => {
    const v = variable(1);
    const tape = new gt.GradientTape();
    expect(() =>
      tape.record(() => {
        throw new Error("stop here");
      }),
    ).toThrow("stop here");
    gt.mul(v, v);
    expect(tape.watchedVariables()).toEqual([]);
  });
});

describe("§11 stopRecording and reset", () => {
  test("§11 inside stopRecording ops are not recorded, and variables read are not watched", () => {
    const x = gt.tensor(3);
    const v = variable(4);
    const tape = new gt.GradientTape();
    const y = tape.record(() => {
      tape.watch(x);
      const outside = gt.mul(x, 2);
      const hidden = tape.stopRecording(() => gt.mul(gt.mul(x, 100), v));
      return gt.add(outside, hidden);
    });
    expect(tape.watchedVariables()).toEqual([]);
    expect(numbers(tape.gradient(y, x))).toEqual([2]);
  });

  test("§11 recording goes on after stopRecording, also when its function throws", () => {
    const x = gt.tensor(3);
    const tape = new gt.GradientTape();
    const y = tape.record(() => {
      tape.watch(x);
      expect(() =>
        tape.stopRecording(() => {
          throw new Error("inside");
        }),
      ).toThrow("inside");
      return gt.mul(x, x);
    });
    expect(numbers(tape.gradient(y, x))).toEqual([6]);
  });

  test("§11 stopRecording on a tape never entered is a RuntimeError, on a stopped one a ValueError", () => {
    const tape = new gt.GradientTape();
    expectError(() => tape.stopRecording(() => 0), gt.RuntimeError, /record/);
    tape.record(() => {});
    expectError(() => tape.stopRecording(() => 0), gt.ValueError, /not recording/);
  });

  test("§11 an outer tape goes on listening while an inner one is stopped", () => {
    const x = gt.tensor(3);
    const [outer, inner] = [new gt.GradientTape(), new gt.GradientTape()];
    const y = outer.record(() =>
      inner.record(() => {
        outer.watch(x);
        inner.watch(x);
        return inner.stopRecording(() => gt.mul(x, x));
      }),
    );
    expect(numbers(outer.gradient(y, x))).toEqual([6]);
    expect(inner.gradient(y, x)).toBeNull();
  });

  test("§11 reset forgets everything and keeps recording", () => {
    const x = gt.tensor(3);
    const tape = new gt.GradientTape();
    const y = tape.record(() => {
      tape.watch(x);
      const early = gt.mul(x, 100);
      tape.reset();
      const unwatched = gt.mul(x, 10);
      tape.watch(x);
      return gt.addN([early, unwatched, gt.mul(x, 2)]);
    });
    expect(numbers(tape.gradient(y, x))).toEqual([2]);
  });

  test("§11 reset while not recording is a ValueError", () => {
    const tape = new gt.GradientTape();
    expectError(() => tape.reset(), gt.ValueError, /not recording/);
    tape.record(() => {});
    expectError(() => tape.reset(), gt.ValueError, /not recording/);
  });
});

describe("§11 assignment is not differentiated", () => {
  test("§11 no gradient goes through assignAdd; later reads count as the variable itself", () => {
    const [v, w] = [variable(1, "v"), variable(2, "w")];
    const tape = new gt.GradientTape();
    const y = tape.record(() => {
      v.assignAdd(gt.mul(w, 3));
      return gt.mul(v, 5);
    });
    expect(numbers(y)).toEqual([35]);
    const [dv, dw] = tape.gradient(y, [v, w]);
    expect(numbers(dv!)).toEqual([5]);
    expect(dw).toBeNull();
  });

  test("§11 values saved by earlier ops are the old ones", () => {
    for (const change of [
      (v: gt.Variable) => v.assign([10, 10]),
      (v: gt.Variable) => v.assignSub([1, 1]),
      (v: gt.Variable) => v.scatterUpdate(new gt.IndexedSlices([9], [0])),
    ]) {
      const v = variable([2, 3]);
      const tape = new gt.GradientTape();
      const y = tape.record(() => {
        const before = gt.mul(v, v);
        change(v);
        return gt.add(before, v);
      });
      expect(numbers(tape.gradient(y, v))).toEqual([5, 7]);
    }
  });
});

describe("§11 higher orders", () => {
  test("§11 tapes nest: the outer one differentiates the gradient of the inner one", () => {
    const x = gt.tensor([1, 2]);
    const second = gradientOf((at) => gt.sum(gradientOf((z) => gt.pow(z, 3), at) as gt.Tensor), x);
    expect(numbers(second)).toEqual([6, 12]);
  });

  test("§11 a persistent tape records its own gradients, and says that this is slow", () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    const x = gt.tensor(2);
    const tape = new gt.GradientTape({ persistent: true });
    const first = tape.record(() => {
      tape.watch(x);
      return tape.gradient(gt.pow(x, 3), x) as gt.Tensor;
    });
    expect(warned).toHaveBeenCalledOnce();
    expect(String(warned.mock.calls[0]![0])).toMatch(/persistent/);
    expect(numbers(tape.gradient(first, x))).toEqual([12]);
    expect(warned).toHaveBeenCalledOnce();
  });
});

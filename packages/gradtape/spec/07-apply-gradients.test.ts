import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { expectError, numbers, ones, rmsprop, slices, variable } from "./support.ts";

type Pairs = Parameters<gt.Optimizer["applyGradients"]>[0];

/** Applies pairs of whatever kind. */
const applyTo = (optimizer: gt.Optimizer, pairs: unknown) => optimizer.applyGradients(pairs as Pairs);

describe("§7.1 step 1: the pairs are an iterable", () => {
  test("§7.1 lists, generators and other iterables of pairs give the same step", () => {
    const forms: ((pair: [gt.Tensor, gt.Variable]) => Pairs)[] = [
      (pair) => [pair],
      (pair) => new Map([pair]),
      (pair) => new Set([pair]),
      function* (pair) {
        yield pair;
      },
    ];
    const results = forms.map((form) => {
      const v = variable([1, 2]);
      rmsprop().applyGradients(form([ones(v), v]));
      return numbers(v);
    });
    expect(results[0]).not.toEqual([1, 2]);
    for (const result of results) expect(result).toEqual(results[0]);
  });

  test.each([null, undefined, 3, "pairs", {}])("§7.1 %s is a TypeError: not a list of pairs", (pairs) => {
    expectError(() => applyTo(rmsprop(), pairs), TypeError, /pairs/);
  });
});

describe("§7.1 step 2: something to update", () => {
  test("§7.1 an empty list is a ValueError: no variables provided", () => {
    expectError(() => rmsprop().applyGradients([]), gt.ValueError, /no variables provided/i);
    expectError(() => rmsprop().applyGradients(new Map()), gt.ValueError, /no variables provided/i);
  });
});

describe("§7.1 step 3: pairs are unpacked and gradients converted", () => {
  test("§7.1 a pair of another length is a ValueError", () => {
    const v = variable(1);
    for (const pair of [[], [ones(v)], [ones(v), v, v]]) {
      expectError(() => applyTo(rmsprop(), [pair]), gt.ValueError, /gradient, variable/, String(pair.length));
    }
  });

  test("§7.1 an entry that is no pair is a TypeError", () => {
    for (const entry of [variable(1), 3, null, { gradient: 1 }]) {
      expectError(() => applyTo(rmsprop(), [entry]), TypeError, /pair/);
    }
  });

  test("§7.1 numbers, arrays, typed arrays and variables are accepted as gradients", () => {
    const [from, to] = [variable([1, 2], "a"), variable([1, 2], "b")];
    rmsprop().applyGradients([[gt.tensor([0.5, 0.25]), from]]);
    for (const gradient of [[0.5, 0.25], new Float32Array([0.5, 0.25]), variable([0.5, 0.25])]) {
      to.assign([1, 2]);
      rmsprop().applyGradients([[gradient, to]]);
      expect(numbers(to)).toEqual(numbers(from));
    }
    const scalar = variable(1);
    rmsprop().applyGradients([[0.5, scalar]]);
    expect(numbers(scalar)[0]).toBe(numbers(from)[0]);
  });

  test("§7.1 a variable as gradient is read; its own value stays", () => {
    const [g, v] = [variable([3], "g"), variable([1], "v")];
    rmsprop().applyGradients([[g, v]]);
    expect(numbers(g)).toEqual([3]);
  });

  test.each([
    ["a string", "steep"],
    ["a foreign object", new Date(0)],
    ["a list of strings", ["a"]],
    ["undefined", undefined],
    ["a ragged list", [[1, 2], [3]]],
  ])("§7.1 %s as gradient is a TypeError: must be convertible to a tensor or IndexedSlices, or null", (_, gradient) => {
    expectError(
      () => applyTo(rmsprop(), [[gradient, variable([1, 2])]]),
      TypeError,
      /convertible/,
      /tensor/,
      /IndexedSlices/,
      /null/,
    );
  });

  test("§7.1 Do: something that is neither variable nor tensor as target is a TypeError", () => {
    for (const target of [3, "v", null, {}, [variable(1)]]) {
      expectError(() => applyTo(rmsprop(), [[1, target]]), TypeError, /variable/);
      expectError(() => applyTo(rmsprop(), [[null, target]]), TypeError, /variable/);
    }
  });

  test.each<[string, unknown[]]>([
    ["a gradient that cannot be converted", ["steep", variable(1)]],
    ["a target that is no variable", [1, "v"]],
    ["a pair of three", [1, variable(1), 3]],
  ])("§7.1 all pairs are converted before any state changes: %s comes last", (_, bad) => {
    const v = variable([1, 2]);
    const optimizer = rmsprop();
    expect(() => applyTo(optimizer, [[ones(v), v], bad])).toThrow();
    expect(numbers(v)).toEqual([1, 2]);
    expect(optimizer.getSlotNames()).toEqual([]);
    expect(optimizer.getSlot(v, "rms")).toBeNull();
  });
});

describe("§7.1 step 4: at least one gradient", () => {
  test("§7.1 all null is a ValueError that lists the variables", () => {
    const pairs: Pairs = [
      [null, variable(1, "first")],
      [null, variable(1, "second")],
    ];
    expectError(() => rmsprop().applyGradients(pairs), gt.ValueError, /no gradients provided/i, /first/, /second/);
  });

  test("§7.1 pairs with null are skipped: the variable and its slots stay as they are", () => {
    const [a, b] = [variable([1, 2], "a"), variable([3, 4], "b")];
    const optimizer = rmsprop({ momentum: 0.9 });
    optimizer.applyGradients([
      [ones(a), a],
      [ones(b), b],
    ]);
    const before = [a, optimizer.getSlot(a, "rms"), optimizer.getSlot(a, "momentum")].map(numbers);
    optimizer.applyGradients([
      [null, a],
      [ones(b), b],
    ]);
    expect([a, optimizer.getSlot(a, "rms"), optimizer.getSlot(a, "momentum")].map(numbers)).toEqual(before);
  });
});

describe("§7.1 steps 5 to 8: slots, hyper-parameters, updates, counter", () => {
  test("§7.1 slots of all variables exist before the hyper-parameters are read and anything is updated", () => {
    const [a, b] = [variable(1, "a"), variable(2, "b")];
    const seen: unknown[] = [];
    const optimizer: gt.Optimizer = new gt.RMSPropOptimizer(() => {
      seen.push([numbers(a), numbers(b), optimizer.getSlot(b, "rms") !== null]);
      return 0.1;
    });
    optimizer.applyGradients([
      [1, a],
      [1, b],
    ]);
    expect(seen).toEqual([[[1], [2], true]]);
  });

  test("§7.1 Do: a tensor as target is a NotImplementedError: trying to update a tensor", () => {
    expectError(() => applyTo(rmsprop(), [[1, gt.tensor(1)]]), gt.NotImplementedError, /update/, /tensor/);
  });

  test("§7.1 updates happen in list order; a failure in the middle leaves earlier ones done, the counter unchanged", () => {
    const [a, b, c] = [variable([1], "a"), variable([1], "b"), variable([1], "c")];
    const globalStep = new gt.Variable(7, { trainable: false });
    const pairs: Pairs = [
      [[1], a],
      [[1, 2], b],
      [[1], c],
    ];
    expectError(() => rmsprop().applyGradients(pairs, { globalStep }), gt.InvalidArgumentError);
    expect(numbers(a)).not.toEqual([1]);
    expect([b, c, globalStep].map(numbers)).toEqual([[1], [1], [7]]);
  });

  test("§7.1 the same variable twice is updated twice, one after the other", () => {
    const [twice, again] = [variable([1, 2], "twice"), variable([1, 2], "again")];
    rmsprop({ momentum: 0.5 }).applyGradients([
      [[1, 2], twice],
      [[3, 4], twice],
    ]);
    const optimizer = rmsprop({ momentum: 0.5 });
    optimizer.applyGradients([[[1, 2], again]]);
    optimizer.applyGradients([[[3, 4], again]]);
    expect(numbers(twice)).toEqual(numbers(again));
  });
});

describe("§7.2 globalStep", () => {
  test.each([
    ["int32", 5],
    ["float32", 0.5],
    ["float64", 0.5],
  ] as const)("§7.2 a counter of dtype %s goes up by 1 in its own dtype", (dtype, start) => {
    const v = variable(1);
    const globalStep = new gt.Variable(gt.tensor(start, { dtype }), { trainable: false });
    const optimizer = rmsprop();
    for (const count of [1, 2, 3]) {
      optimizer.applyGradients([[1, v]], { globalStep });
      expect(globalStep.item()).toBe(start + count);
    }
    expect(globalStep.dtype).toBe(dtype);
  });

  test("§7.2 it goes up once per call, however many variables take part, and after all updates", () => {
    const globalStep = new gt.Variable(gt.tensor(0, { dtype: "int32" }), { trainable: false });
    const seen: unknown[] = [];
    const constraint = (value: gt.Tensor) => {
      seen.push(globalStep.item());
      return value;
    };
    const [a, b] = [new gt.Variable(1, { constraint }), new gt.Variable(2, { constraint })];
    rmsprop().minimize(() => gt.mul(a, b), { globalStep, varList: [a, b] });
    expect(seen).toEqual([0, 0]);
    expect(globalStep.item()).toBe(1);
  });

  test("§7.2 it stays after an all-null call, an empty one, and a failed one", () => {
    const globalStep = new gt.Variable(0, { trainable: false });
    const v = variable([1]);
    for (const pairs of [[[null, v]], [], [[[1, 2, 3], v]], [["x", v]]]) {
      expect(() => rmsprop().applyGradients(pairs as Pairs, { globalStep })).toThrow();
    }
    expect(globalStep.item()).toBe(0);
  });

  test("§7.2 Do: a counter that is no variable is a TypeError, and nothing is updated", () => {
    const v = variable(1);
    for (const globalStep of [3, gt.tensor(3), "step"]) {
      expectError(
        () => rmsprop().applyGradients([[1, v]], { globalStep: globalStep as never }),
        TypeError,
        /globalStep/,
        /variable/,
      );
    }
    expect(v.item()).toBe(1);
  });

  test("§7.2 the default counter: a scalar 0, not trainable, called global_step; a second one is a ValueError", () => {
    expect(gt.getGlobalStep()).toBeNull();
    const step = gt.createGlobalStep();
    expect([step.name, step.shape, step.item(), step.trainable]).toEqual(["global_step:0", [], 0, false]);
    expect(gt.getGlobalStep()).toBe(step);
    expect(gt.getOrCreateGlobalStep()).toBe(step);
    expectError(() => gt.createGlobalStep(), gt.ValueError, /global_step/, /already exists/);
  });
});

describe("§7.3 what is returned", () => {
  test("§7.3 eager: null, with and without globalStep and name", () => {
    const v = variable(1);
    const globalStep = new gt.Variable(0, { trainable: false });
    const optimizer = rmsprop();
    expect(optimizer.applyGradients([[1, v]])).toBeNull();
    expect(optimizer.applyGradients([[1, v]], { globalStep })).toBeNull();
    expect(optimizer.applyGradients([[1, v]], { globalStep, name: "step" })).toBeNull();
  });
});

describe("§7.4 group and tuple", () => {
  test("§7.4 eager: group gives null", () => {
    expect(gt.group()).toBeNull();
    expect(gt.group(rmsprop().applyGradients([[1, variable(1)]]))).toBeNull();
  });

  test("§7.4 eager: tuple gives its list back unchanged, nulls and slices in place", () => {
    const list = [gt.tensor(1), null, slices([[1]], [0], [3, 1])];
    const result = gt.tuple(list);
    expect(result).toHaveLength(3);
    result.forEach((each, i) => {
      expect(each).toBe(list[i]);
    });
    expect(gt.tuple([null])).toEqual([null]);
  });
});

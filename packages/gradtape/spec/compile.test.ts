import * as gt from "gradtape";
import { beforeEach, describe, expect, test, vi } from "vitest";

/* Compiled functions: the bits of eager mode, and clear words where a function cannot be compiled. */

const random = gt.generator(1);
const x = random.normal([37, 7]);
const labels = random.uniform([37], { low: 0, high: 5, dtype: "int32" });

function makePerceptron() {
  const seeded = gt.generator(3);
  const weights = [
    new gt.Variable(seeded.normal([7, 12]), { name: "w0" }),
    new gt.Variable(gt.zeros([12]), { name: "b0" }),
    new gt.Variable(seeded.normal([12, 5]), { name: "w1" }),
    new gt.Variable(gt.zeros([5]), { name: "b1" }),
  ] as const;
  const logits = (inputs: gt.Tensor) => {
    const [w0, b0, w1, b1] = weights;
    return gt.add(gt.matMul(gt.tanh(gt.add(gt.matMul(inputs, w0), b0)), w1), b1);
  };
  return { weights, logits };
}

/** A step of training, and the variables that it changes. */
function makeStep(make: () => gt.Optimizer) {
  const { weights, logits } = makePerceptron();
  const optimizer = make();
  const globalStep = new gt.Variable(0, { dtype: "int32", trainable: false });
  const step = (inputs: gt.Tensor, classes: gt.Tensor) => {
    let loss!: gt.Tensor;
    optimizer.minimize(
      () => {
        loss = gt.losses.sparseSoftmaxCrossEntropy(classes, logits(inputs));
        return loss;
      },
      optimizer instanceof gt.RMSprop ? {} : { globalStep },
    );
    return loss;
  };
  const slots = () =>
    weights.flatMap((weight) => optimizer.getSlotNames().flatMap((name) => optimizer.getSlot(weight, name) ?? []));
  const state = () => [...weights, globalStep, ...slots()].map((variable) => variable.data);
  return { step, state, optimizer };
}

const optimizers: Record<string, () => gt.Optimizer> = {
  RMSProp: () => new gt.RMSPropOptimizer(0.01, { momentum: 0.5, centered: true }),
  GradientDescent: () => new gt.GradientDescentOptimizer(0.1),
  Momentum: () => new gt.MomentumOptimizer(0.1, 0.9, { useNesterov: true }),
  Adagrad: () => new gt.AdagradOptimizer(0.1),
  Adam: () => new gt.AdamOptimizer(0.01),
  Adadelta: () => new gt.AdadeltaOptimizer(0.1),
  Ftrl: () => new gt.FtrlOptimizer(0.1, { learningRatePower: -0.7, l1RegularizationStrength: 0.01 }),
  RMSprop: () => new gt.RMSprop({ momentum: 0.3 }),
};

const { simd } = gt.backendInfo();

describe("training steps have the bits of eager mode", () => {
  test.each(Object.entries(optimizers))("%s", (_, make) => {
    const [eager, compiled] = [makeStep(make), makeStep(make)];
    const step = gt.compile(compiled.step);
    for (let i = 0; i < 6; i++) {
      const expected = eager.step(x, labels);
      if (i % 2 === 0) expect(step(x, labels).item()).toBe(expected.item());
      else expect(step.item(x, labels)).toBe(expected.item());
      expect(compiled.state()).toEqual(eager.state());
    }
  });

  test("also when eager mode takes a turn in between", () => {
    const [eager, mixed] = [makeStep(optimizers.RMSProp!), makeStep(optimizers.RMSProp!)];
    const step = gt.compile(mixed.step);
    for (let i = 0; i < 6; i++) {
      eager.step(x, labels);
      (i % 3 === 1 ? mixed.step : step)(x, labels);
      expect(mixed.state()).toEqual(eager.state());
    }
  });

  test("hyper-parameters that change from step to step are read again", () => {
    let count = 0;
    const make = () => new gt.RMSPropOptimizer(() => 0.1 / (1 + count), { decay: 0.8 });
    const [eager, compiled] = [makeStep(make), makeStep(make)];
    const step = gt.compile(compiled.step);
    for (count = 0; count < 4; count++) {
      (eager.optimizer as gt.RMSPropOptimizer).decay = 0.8 + count / 100;
      (compiled.optimizer as gt.RMSPropOptimizer).decay = 0.8 + count / 100;
      eager.step(x, labels);
      step(x, labels);
      expect(compiled.state()).toEqual(eager.state());
    }
  });

  test("a schedule made of ops follows the step counter", () => {
    const make = () => {
      const counter = new gt.Variable(0, { dtype: "int32", trainable: false });
      const w = new gt.Variable([1, 2, 3]);
      const optimizer = new gt.GradientDescentOptimizer(gt.exponentialDecay(0.1, counter, 2, 0.5));
      return { w, step: () => optimizer.minimize(() => gt.sum(gt.square(w)), { globalStep: counter }) };
    };
    const [eager, compiled] = [make(), make()];
    const step = gt.compile(compiled.step);
    for (let i = 0; i < 5; i++) {
      eager.step();
      expect(step()).toBeNull();
      expect(compiled.w.data).toEqual(eager.w.data);
    }
  });

  test("rows of a table, named several times", () => {
    const make = () => {
      const table = new gt.Variable(gt.generator(5).normal([50, 6]), { name: "table" });
      const optimizer = new gt.RMSPropOptimizer(0.1, { momentum: 0.9 });
      const step = (ids: gt.Tensor) =>
        optimizer.minimize(() => gt.sum(gt.square(gt.sum(gt.gather(table, ids), 1))), { varList: [table] });
      return { step, state: () => [table, ...optimizer.variables()].map(({ data }) => data) };
    };
    const [eager, compiled] = [make(), make()];
    const step = gt.compile(compiled.step);
    for (let i = 0; i < 5; i++) {
      const ids = random.uniform([9, 3], { low: 0, high: 12, dtype: "int32" });
      eager.step(ids);
      step(ids);
      expect(compiled.state()).toEqual(eager.state());
    }
    expect(() => step(gt.tensor([[0, 1, 2], ...Array(8).fill([3, 50, 4])], { dtype: "int32" }))).toThrow(
      "gather: indices[1, 1] = 50 is out of range; expected 0 to 49 (50 rows)",
    );
    expect(compiled.state()).toEqual(eager.state());
  });
});

describe("signatures", () => {
  test("a function is traced once for each shape and dtype, and for each thing that is no tensor", () => {
    const traced: string[] = [];
    const f = gt.compile((a: gt.Tensor, twice: boolean) => {
      traced.push(`${a.shape} ${twice}`);
      return twice ? gt.mul(a, 2) : a;
    });
    expect(f(gt.tensor([1, 2]), true).array()).toEqual([2, 4]);
    expect(f(gt.tensor([3, 4]), true).array()).toEqual([6, 8]);
    expect(f(gt.tensor([3, 4, 5]), false).array()).toEqual([3, 4, 5]);
    expect(f(gt.tensor([5, 6]), true).array()).toEqual([10, 12]);
    expect([...new Set(traced)]).toEqual(["2 true", "3 false"]);
  });

  test("arguments and results may be structures, numbers and arrays", () => {
    const f = gt.compile(({ a, list }: { a: gt.Tensor; list: gt.Tensor[] }, factor: gt.Tensor) => ({
      sum: gt.add(a, list[0]!),
      both: [gt.mul(a, factor), null],
      count: gt.constant([7], { dtype: "int32" }),
    }));
    const result = f({ a: gt.tensor([1, 2]), list: [gt.tensor([3, 4])] }, 10 as never) as any;
    expect(result.sum.array()).toEqual([4, 6]);
    expect(result.both[0].array()).toEqual([10, 20]);
    expect(result.both[1]).toBeNull();
    expect(result.count.array()).toEqual([7]);
  });

  test("a result stays what it is when the function runs again", () => {
    const f = gt.compile((a: gt.Tensor) => gt.mul(a, 2));
    const first = f(gt.tensor([1]));
    f(gt.tensor([2]));
    expect(first.array()).toEqual([2]);
  });

  test("slices come back as slices", () => {
    const table = new gt.Variable(gt.ones([4, 2]));
    const f = gt.compile((ids: gt.Tensor) => {
      const tape = new gt.GradientTape();
      return tape.gradient(
        tape.record(() => gt.sum(gt.gather(table, ids))),
        table,
      ) as gt.IndexedSlices;
    });
    const slices = f(gt.tensor([1, 1, 3], { dtype: "int32" }));
    expect(slices).toBeInstanceOf(gt.IndexedSlices);
    expect(slices.toTensor().array()).toEqual([
      [0, 0],
      [2, 2],
      [0, 0],
      [1, 1],
    ]);
  });

  test("variables keep their order: read, written, read again", () => {
    const make = () => {
      const v = new gt.Variable([
        [1, 2],
        [3, 4],
      ]);
      return {
        v,
        f: (d: gt.Tensor) => {
          const before = v.value();
          v.assignAdd(gt.transpose(v.value()));
          const between = gt.mul(v.value(), d);
          v.assign(gt.sub(between, before));
          return [before, between, v.value(), gt.transpose(before)];
        },
      };
    };
    const [eager, compiled] = [make(), make()];
    const f = gt.compile(compiled.f);
    for (let i = 0; i < 3; i++) {
      const factor = gt.tensor(i + 0.5);
      expect(f(factor).map((each) => each.array())).toEqual(eager.f(factor).map((each) => each.array()));
      expect(compiled.v.array()).toEqual(eager.v.array());
    }
  });
});

test("of two assignments the later one stays, whichever could run first", () => {
  const make = () => {
    const v = new gt.Variable([
      [1, 2],
      [3, 4],
    ]);
    const f = () => {
      const double = gt.add(v, v);
      const product = gt.matMul(double, double);
      v.assign(product);
      v.assign(double);
      return gt.add(product, product);
    };
    return { v, f };
  };
  const [eager, compiled] = [make(), make()];
  const f = gt.compile(compiled.f);
  for (let i = 0; i < 3; i++) {
    expect(f().array()).toEqual(eager.f().array());
    expect(compiled.v.array()).toEqual(eager.v.array());
  }
});

describe("what is refused", () => {
  test("a value asked for while tracing", () => {
    const f = gt.compile((a: gt.Tensor) => ((a.item() as number) > 0 ? a : gt.neg(a)));
    expect(() => f(gt.tensor(1))).toThrow(/argument0:0: .*no value.*compile.test.ts.*where/s);
  });

  test("the value of a variable asked for while tracing", () => {
    const w = new gt.Variable(3, { name: "w" });
    expect(() => gt.compile((a: gt.Tensor) => gt.mul(a, w.item() as number))(gt.tensor(1))).toThrow(
      /w:0: its value is asked for while .* traced at .*compile.test.ts/,
    );
  });

  test("a function that does something else each time", () => {
    let count = 0;
    const f = gt.compile((a: gt.Tensor) => gt.add(a, ++count));
    expect(() => f(gt.tensor(1))).toThrow(/did not do the same when it was run again/);
  });

  test("variables and optimizers made inside", () => {
    expect(() => gt.compile(() => new gt.Variable(1, { name: "w" }).value())()).toThrow(/makes the variable w:0/);
    const w = new gt.Variable(1);
    const f = gt.compile(() => new gt.AdamOptimizer(0.1).minimize(() => gt.square(w)));
    expect(() => f()).toThrow(/makes new variables each time/);
  });

  test("a result that is no tensor, and an argument of a graph", () => {
    expect(() => gt.compile(() => 3)()).toThrow(/returned the number 3.*return tensors/s);
    expect(() => gt.compile("f" as never)).toThrow(/expected a function/);
  });

  test.each(simd ? [0] : [])("more memory than there is, with variables as they were", () => {
    const w = new gt.Variable(1);
    const f = gt.compile((a: gt.Tensor) => {
      w.assignAdd(1);
      return gt.matMul(gt.reshape(a, [-1, 1]), gt.reshape(a, [1, -1]));
    });
    gt.setMemoryLimit(2 ** 40); // so that the machine's own memory is what ends
    expect(() => f(gt.ones([40_000]))).toThrow(
      /out of memory: asked for 64\d{8} bytes, the step plans 64\d{8}; the largest are .* 6400000000 bytes.*smaller batch/,
    );
    gt.setMemoryLimit(null);
    expect(w.item()).toBe(1);
    expect(f(gt.ones([2])).array()).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(w.item()).toBe(2);
  });

  test("a shape that does not fit, with the line", () => {
    const f = gt.compile((a: gt.Tensor) => gt.matMul(a, gt.ones([3, 2])));
    expect(() => f(gt.ones([2, 2]))).toThrow(/matMul: .*must agree/);
  });
});

describe("what is said", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  beforeEach(() => warn.mockClear());

  if (simd) {
    test("float64 runs operation by operation, and says so once", () => {
      const f = gt.compile((a: gt.Tensor) => gt.exp(a), { name: "inWide" });
      const a = gt.tensor([0, 1], { dtype: "float64" });
      for (let i = 0; i < 3; i++) expect(f(a).data).toEqual(gt.exp(a).data);
      expect(warn.mock.calls).toHaveLength(1);
      expect(warn.mock.calls[0]![0]).toMatch(/inWide runs operation by operation: exp \(exp\).*float64/);
    });

    test("many signatures", () => {
      const f = gt.compile((a: gt.Tensor) => gt.neg(a), { name: "often" });
      for (let n = 1; n < 12; n++) f(gt.ones([n]));
      expect(warn.mock.calls).toHaveLength(1);
      expect(warn.mock.calls[0]![0]).toMatch(/often has been compiled for 8 signatures.*float32\[8\]/);
    });

    test("every stage, and the time of each kernel", () => {
      const { step } = makeStep(optimizers.RMSProp!);
      const compiled = gt.compile(step, { name: "train" });
      const text = compiled.explain(x, labels);
      expect(text).toMatch(/^train: \d+ operations, \d+ kernels/);
      expect(text).toMatch(/product 7 x 37 x 12: .*matMul.* \+ RMSProp\/update_w0\/ApplyCenteredRMSProp/);
      expect(text).toMatch(/arena [\d,]+ bytes, [\d,]+ if nothing shared memory/);
      const { kernels, microseconds } = compiled.profile([x, labels], 3);
      expect(kernels.length).toBeGreaterThan(5);
      expect(microseconds).toBeGreaterThan(0);
    });
  } else {
    test("an engine without vectors, once", () => {
      const f = gt.compile((a: gt.Tensor) => gt.neg(a), { name: "plain" });
      for (let n = 1; n < 4; n++) expect(f(gt.ones([n])).data[0]).toBe(-1);
      expect(warn.mock.calls).toEqual([
        [expect.stringMatching(/plain runs operation by operation: .*no WebAssembly vectors/)],
      ]);
    });
  }
});

test("under a tape, and in a graph, the function itself runs", () => {
  const square = gt.compile((a: gt.Tensor) => gt.mul(a, a));
  const tape = new gt.GradientTape();
  const a = gt.tensor(3);
  const y = tape.record(() => {
    tape.watch(a);
    return square(a);
  });
  expect((tape.gradient(y, a) as gt.Tensor).item()).toBe(6);
  expect(
    gt
      .compile((b: gt.Tensor) => square(b))(gt.tensor(4))
      .item(),
  ).toBe(16);
});

test("a session compiles what it is asked for again, with the same bits", () => {
  const eager = makeStep(optimizers.RMSProp!);
  const graph = new gt.Graph();
  const { inputs, classes, weights, loss, train, initializer } = graph.asDefault(() => {
    const inputs = gt.placeholder("float32", [null, 7]);
    const classes = gt.placeholder("int32", [null]);
    const { weights, logits } = makePerceptron();
    const loss = gt.losses.sparseSoftmaxCrossEntropy(classes, logits(inputs));
    const train = optimizers.RMSProp!().minimize(loss);
    return { inputs, classes, weights, loss, train, initializer: gt.globalVariablesInitializer() };
  });
  const session = new gt.Session({ graph });
  session.run(initializer);
  for (let i = 0; i < 8; i++) {
    const rows = i % 3 === 2 ? gt.slice(x, [0, 0], [20, 7]) : x;
    const some = i % 3 === 2 ? gt.slice(labels, [0], [20]) : labels;
    const [, value] = session.run(
      [train, loss],
      [
        [inputs, rows],
        [classes, some],
      ],
    );
    expect(value.item()).toBe(eager.step(rows, some).item());
    const values = session.run([...weights]) as gt.Tensor[];
    expect(values.map(({ data }) => data)).toEqual(eager.state().slice(0, 4));
  }
});

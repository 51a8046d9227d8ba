import { expect } from "vitest";
import * as gt from "../src/index.ts";

/** One place where the library deliberately does otherwise than TensorFlow, and the proof that it does. */
export interface Difference {
  /** Section of the behavioural specification, or the area. */
  readonly section: string;
  readonly tensorflow: string;
  readonly here: string;
  readonly check: () => void;
}

const variable = (value: number[] = [1, 2]) => new gt.Variable(value, { name: "v" });
const rmsprop = () => new gt.RMSPropOptimizer(0.1);

export const differences: readonly Difference[] = [
  {
    section: "Names",
    tensorflow: "`snake_case` functions and keyword arguments",
    here: "`camelCase`; required arguments first, optional ones in one object",
    check: () => expect(rmsprop().getSlotNames()).toEqual([]),
  },
  {
    section: "None",
    tensorflow: "`None`",
    here: "`null`",
    check: () => expect(rmsprop().getSlot(variable(), "rms")).toBeNull(),
  },
  {
    section: "dtypes",
    tensorflow: "a Python int becomes int32, a float becomes float32",
    here: "JavaScript has one kind of number: plain numbers become float32, booleans bool",
    check: () => expect([gt.tensor(1).dtype, gt.tensor(true).dtype]).toEqual(["float32", "bool"]),
  },
  {
    section: "7.2",
    tensorflow: "the global step is int64",
    here: "it is int32; there is no int64",
    check: () => expect(new gt.Graph().asDefault(() => gt.createGlobalStep()).dtype).toBe("int32"),
  },
  {
    section: "Integers",
    tensorflow: "argmax and unique give int64 or int32 as asked",
    here: "indices are int32 everywhere",
    check: () => expect([gt.argMax([1, 2]).dtype, gt.unique([1, 2]).positions.dtype]).toEqual(["int32", "int32"]),
  },
  {
    section: "Modes",
    tensorflow: "in graph mode every op is added to the graph",
    here: "an op on plain values runs at once, also while a graph is built; its result becomes a constant when it meets the graph",
    check: () =>
      new gt.Graph().asDefault(() => {
        expect(gt.add(1, 2).item()).toBe(3);
        expect(gt.add(gt.placeholder("float32", []), 1)).not.toHaveProperty("buffer");
      }),
  },
  {
    section: "6.2",
    tensorflow: "a loss that returns a plain number is an attribute error",
    here: "TypeError",
    check: () => expect(() => rmsprop().computeGradients(() => 3, { varList: [variable()] })).toThrow(TypeError),
  },
  {
    section: "6.2",
    tensorflow: "a bare variable as var_list gives nonsense pairs, nested lists nested pairs",
    here: "both are flattened, as in graph mode",
    check() {
      const v = variable();
      const pairs = rmsprop().computeGradients(() => gt.sum(v), { varList: [[v], v] });
      expect(pairs.map(([, each]) => each)).toEqual([v, v]);
      expect(rmsprop().computeGradients(() => gt.sum(v), { varList: v })).toHaveLength(1);
    },
  },
  {
    section: "6.3",
    tensorflow: "an entry of var_list that is no variable is an attribute error",
    here: "TypeError, as documented",
    check: () =>
      new gt.Graph().asDefault(() => {
        const loss = gt.sum(gt.placeholder("float32", [2]));
        expect(() => rmsprop().computeGradients(loss, { varList: [3 as never] })).toThrow(TypeError);
      }),
  },
  {
    section: "7.1",
    tensorflow: "a foreign object as gradient is a ValueError in eager mode",
    here: "TypeError in both modes",
    check: () => expect(() => rmsprop().applyGradients([[{} as never, variable()]])).toThrow(TypeError),
  },
  {
    section: "7.1",
    tensorflow: "updating a plain tensor is an attribute error in eager mode",
    here: "NotImplementedError in both modes",
    check: () =>
      expect(() => rmsprop().applyGradients([[[1], gt.tensor([1]) as never]])).toThrow(gt.NotImplementedError),
  },
  {
    section: "7.2",
    tensorflow: "a global step that is no variable is an attribute error",
    here: "TypeError, before anything is updated",
    check() {
      const v = variable();
      expect(() => rmsprop().applyGradients([[[1, 1], v]], { globalStep: 3 as never })).toThrow(TypeError);
      expect(v.array()).toEqual([1, 2]);
    },
  },
  {
    section: "7.6",
    tensorflow: "a gradient of another dtype than its variable aborts the process (resource variables)",
    here: "TypeError that names both",
    check: () =>
      expect(() => rmsprop().applyGradients([[gt.tensor([1, 1], { dtype: "float64" }), variable()]])).toThrow(
        /float32.*float64/s,
      ),
  },
  {
    section: "7.6",
    tensorflow: "an integer variable fails when the kernel is missing, at run time",
    here: "TypeError when the update is made",
    check() {
      const counter = new gt.Variable(1, { dtype: "int32" });
      const gradient = gt.tensor(1, { dtype: "int32" });
      expect(() => rmsprop().applyGradients([[gradient, counter]])).toThrow(TypeError);
    },
  },
  {
    section: "2.2",
    tensorflow: "Momentum, SGD and Adam write some rows before they fail on a bad index",
    here: "every optimizer checks all indices first, and nothing is written",
    check() {
      const v = new gt.Variable([[1], [2]]);
      const slices = new gt.IndexedSlices([[1], [1]], [0, 5], [2, 1]);
      for (const optimizer of [
        new gt.GradientDescentOptimizer(1),
        new gt.MomentumOptimizer(1, 0.9),
        new gt.AdamOptimizer(),
      ]) {
        expect(() => optimizer.applyGradients([[slices, v]])).toThrow(gt.InvalidArgumentError);
      }
      expect(v.array()).toEqual([[1], [2]]);
    },
  },
  {
    section: "11",
    tensorflow: "`with tf.GradientTape() as tape:`",
    here: "`tape.record(() => …)`, or `start()` and `stop()`, or `using`",
    check() {
      const tape = new gt.GradientTape();
      const v = variable();
      const y = tape.record(() => gt.sum(v));
      expect((tape.gradient(y, v) as gt.Tensor).array()).toEqual([1, 1]);
    },
  },
  {
    section: "11",
    tensorflow: "watching before the tape was entered is an error of no fixed class",
    here: "RuntimeError",
    check: () => expect(() => new gt.GradientTape().watch(gt.tensor(1))).toThrow(gt.RuntimeError),
  },
  {
    section: "11.1",
    tensorflow: "a source that is no tensor fails with an attribute error",
    here: "TypeError",
    check() {
      const tape = new gt.GradientTape();
      const y = tape.record(() => gt.exp(1));
      expect(() => tape.gradient(y, 3 as never)).toThrow(TypeError);
    },
  },
  {
    section: "12",
    tensorflow: "an assignment in eager mode returns the variable or its value, depending on the kind of variable",
    here: "it returns the variable; in a graph a tensor with the new value",
    check() {
      const v = variable();
      expect(v.assign([3, 4])).toBe(v);
      new gt.Graph().asDefault(() => expect(variable().assign([3, 4])).toBeInstanceOf(gt.Tensor));
    },
  },
  {
    section: "Names",
    tensorflow: "several results are a tuple: `clip_by_global_norm`, `unique`",
    here: "an object with names: `{ clipped, norm }`, `{ values, positions }`",
    check() {
      expect(Object.keys(gt.clipByGlobalNorm([[1]], 1))).toEqual(["clipped", "norm"]);
      expect(Object.keys(gt.unique([1]))).toEqual(["values", "positions"]);
    },
  },
  {
    section: "dtypes",
    tensorflow: "float16, bfloat16, int64, complex and string tensors",
    here: "float32, float64, int32 and bool; any other name is a ValueError",
    check() {
      for (const dtype of ["float16", "bfloat16", "int64", "complex64", "string"]) {
        expect(() => gt.cast(1, dtype as never)).toThrow(gt.ValueError);
      }
    },
  },
  {
    section: "Losses",
    tensorflow: "losses on differences convert labels and predictions to float32",
    here: "they are computed in the dtype of the predictions; float64 stays float64",
    check: () => expect(gt.losses.meanSquaredError([0], gt.tensor([0.1], { dtype: "float64" })).item()).toBe(0.1 * 0.1),
  },
  {
    section: "4.1",
    tensorflow: "`get_slot` of something that is no variable is an attribute error",
    here: "TypeError, once there are slots",
    check() {
      const optimizer = rmsprop();
      optimizer.applyGradients([[[1, 1], variable()]]);
      expect(() => optimizer.getSlot(gt.tensor(1) as never, "rms")).toThrow(TypeError);
    },
  },
  {
    section: "7.6",
    tensorflow: "a list of Python ints as a gradient is an integer tensor, a dtype mismatch",
    here: "a list of numbers is float32 and fits a float32 variable; an `Int32Array` is a mismatch",
    check() {
      expect(rmsprop().applyGradients([[[1, 2], variable()]])).toBeNull();
      expect(() => rmsprop().applyGradients([[new Int32Array([1, 2]), variable()]])).toThrow(TypeError);
    },
  },
  {
    section: "7.6",
    tensorflow: "float indices are a TypeError in a graph, an InvalidArgumentError in eager mode",
    here: "TypeError in both",
    check() {
      const rows = new gt.IndexedSlices([1], gt.tensor([0]));
      expect(() => rmsprop().applyGradients([[rows, variable()]])).toThrow(TypeError);
    },
  },
  {
    section: "8.2",
    tensorflow: "a NumPy float64 scalar as a hyper-parameter keeps its precision",
    here: "a number is rounded to float32, as a Python float is; a float64 tensor keeps its precision",
    check() {
      const step = (rate: gt.Hyper) => {
        const v = new gt.Variable(gt.tensor(0, { dtype: "float64" }));
        new gt.RMSPropOptimizer(rate, { decay: 1, epsilon: 0 }).minimize(() => gt.identity(v), { varList: [v] });
        return -(v.item() as number);
      };
      expect([step(0.1), step(gt.tensor(0.1, { dtype: "float64" }))]).toEqual([Math.fround(0.1), 0.1]);
    },
  },
  {
    section: "10",
    tensorflow: "tensors have operators: `x * y`; `slices * 2` is a TypeError",
    here: "there are none: `mul(x, y)`; operators that ask for a number are TypeErrors, `if (x)` cannot be caught; `mul(slices, 2)` densifies",
    check() {
      const slices = new gt.IndexedSlices([1], [0], [1]);
      // @ts-expect-error An arithmetic operand must be a number.
      expect(() => slices * 2).toThrow(TypeError);
      expect(gt.mul(slices, 2).array()).toEqual([2]);
    },
  },
  {
    section: "11.1",
    tensorflow:
      "`output_gradients` is flattened down to its numbers; a wrong shape fails in the first op that notices, one that broadcasts passes",
    here: "a nested list of numbers is one tensor, and a shape that is not the target's is an InvalidArgumentError",
    check() {
      const v = variable();
      const gradient = (outputGradients: number[] | gt.Tensor) => {
        const tape = new gt.GradientTape();
        const y = tape.record(() => gt.mul(v, 2));
        return tape.gradient(y, v, { outputGradients }) as gt.Tensor;
      };
      expect(gradient([3, 4]).array()).toEqual([6, 8]);
      expect(() => gradient(gt.tensor(3))).toThrow(gt.InvalidArgumentError);
    },
  },
  {
    section: "11.2",
    tensorflow: "`parallel_iterations` bounds what runs at once",
    here: "`parallelIterations` is accepted and has no effect",
    check() {
      const v = variable();
      const tape = new gt.GradientTape();
      const y = tape.record(() => gt.square(v));
      expect(tape.jacobian(y, v, { parallelIterations: 1 })?.array()).toEqual([
        [2, 0],
        [0, 4],
      ]);
    },
  },
  {
    section: "12",
    tensorflow: "assigning another dtype is a TypeError for reference variables, a ValueError for resource variables",
    here: "TypeError that names both dtypes",
    check: () => expect(() => variable().assign(gt.tensor([1, 2], { dtype: "float64" }))).toThrow(/float32.*float64/),
  },
  {
    section: "Replicas",
    tensorflow: "`apply_gradients` in a cross-replica context is a RuntimeError",
    here: "there is one process and no replica context, so this cannot happen",
    check: () => expect(rmsprop().applyGradients([[[1, 1], variable()]])).toBeNull(),
  },
  {
    section: "Vectors",
    tensorflow:
      "over whole vectors of 8 or 16 float32 elements `1 / sqrt(x)` is the processor's approximation, up to 2 ulp off: dense Adagrad and Adadelta, sparse RMSProp, Adagrad and Adadelta on wide rows",
    here: "every element is rounded correctly, as TensorFlow's own scalar loops do",
    check() {
      const wide = new gt.Variable(gt.ones([2, 32]));
      new gt.AdagradOptimizer(0.1).applyGradients([[gt.fill([2, 32], 0.3), wide]]);
      const f = Math.fround;
      const root = f(1 / f(Math.sqrt(f(f(0.1) + f(f(0.3) * f(0.3))))));
      expect(new Set(wide.data)).toEqual(new Set([f(1 - f(f(f(0.3) * f(0.1)) * root))]));
    },
  },
  {
    section: "Functions",
    tensorflow:
      "`exp`, `log`, `tanh`, … and `1 / x` in the gradients of `log` and `log1p` are the processor's or a library's approximations; a number may have other bits alone than within a vector",
    here: "the same bits everywhere, within 2 ulp of the exact number; sums and products have an order of their own",
    check() {
      const [alone] = gt.exp([0.3]).array() as number[];
      expect(new Set(gt.exp(gt.fill([33], 0.3)).data)).toEqual(new Set([alone]));
      expect(Math.abs(alone! - Math.exp(Math.fround(0.3)))).toBeLessThan(2 ** -22);
    },
  },
  {
    section: "Zeros",
    tensorflow:
      "relu's gradient multiplies by a mask: -0 for a negative cotangent, NaN for an infinite one; the greatest of 0 and -0 is either",
    here: "the gradient is 0 where relu is flat; 0 is greater than -0",
    check() {
      const flat = gt.grad((x: gt.Tensor) => gt.sum(gt.mul(gt.relu(x), [-1, Number.POSITIVE_INFINITY])))(
        gt.tensor([-1, -1]),
      );
      expect((flat as gt.Tensor).array()).toEqual([0, 0]);
      expect([gt.max([-0, 0]).item(), gt.min([0, -0]).item()]).toEqual([0, -0]);
    },
  },
  {
    section: "9.3",
    tensorflow:
      "in a graph, `x + y` and `x - y` hand slices on to an operand that is not repeated; in eager mode only where the other one is a Python number",
    here: "arithmetic makes the gradient of a table dense, in every mode",
    check() {
      const table = variable();
      const pairs = rmsprop().computeGradients(() => gt.gather(gt.add(table, 1), [0]), { varList: [table] });
      expect(pairs[0]![0]).toBeInstanceOf(gt.Tensor);
    },
  },
  {
    section: "Clipping",
    tensorflow:
      "`clip_by_global_norm` adds `norm - norm`, so that an infinite norm gives NaN; its derivative cancels and costs digits",
    here: "`norm * 0` is added, whose derivative is 0",
    check() {
      const norm = (x: gt.Tensor) => gt.clipByGlobalNorm([gt.mul(x, 1e10)], 1).norm;
      expect((gt.grad(norm)(gt.tensor([1])) as gt.Tensor).array()).toEqual([1e10]);
      expect(gt.clipByGlobalNorm([[Number.POSITIVE_INFINITY]], 1).clipped[0]).toMatchObject({
        data: Float32Array.of(NaN),
      });
    },
  },
  {
    section: "Losses",
    tensorflow: "the gradient of the gradient of a softmax cross entropy leaves out how it depends on the labels",
    here: "the gradient by the logits is softmax(logits) - labels, and its derivative by the labels is -1",
    check() {
      const second = gt.grad((labels: gt.Tensor) => {
        const loss = (logits: gt.Tensor) => gt.softmaxCrossEntropyWithLogits(labels, logits);
        return gt.sum(gt.mul(gt.grad(loss)(gt.tensor([0.5, 2])) as gt.Tensor, [1, 10]));
      });
      expect((second(gt.tensor([0.5, 0.5])) as gt.Tensor).array()).toEqual([-1, -10]);
    },
  },
  {
    section: "FTRL",
    tensorflow:
      "powers other than -0.5, and all powers of rows of one element, are those of a library; the difference of two of them makes a last bit into several",
    here: "powers are within 1 ulp, square roots exact; so `linear` and the variable can differ by 200 ulp",
    check() {
      const v = variable();
      const optimizer = new gt.FtrlOptimizer(0.1, { learningRatePower: -0.75 });
      optimizer.applyGradients([[[0.5, 0.25], v]]);
      const [first] = optimizer.getSlot(v, "linear")!.value().array() as number[];
      const grown = 0.1 + 0.5 ** 2;
      expect(first).toBeCloseTo(0.5 - ((grown ** 0.75 - 0.1 ** 0.75) / 0.1) * 1, 5);
    },
  },
  {
    section: "Debugging",
    tensorflow: "`tf.debugging.enable_check_numerics()` switches a check on for the whole process",
    here: "`checkNumericsIn(() => …)` for a block, `{ checkNumerics: true }` for a tape or a session",
    check: () => {
      expect(() => gt.checkNumericsIn(() => gt.log(0))).toThrow(gt.InvalidArgumentError);
      expect(gt.log(0).item()).toBe(-Infinity);
    },
  },
  {
    section: "Subnormals",
    tensorflow:
      "on a CPU every operation takes a subnormal number for zero: `sqrt(-1e-40)` is -0, `equal(1e-40, 0)` is true",
    here: "operations keep subnormal numbers, as IEEE 754 has them",
    check: () => {
      expect(gt.sqrt(-1e-40).item()).toBeNaN();
      expect(gt.equal(1e-40, 0).item()).toBe(false);
      expect(gt.log(1e-40).item()).toBeCloseTo(-92.1, 1);
    },
  },
  {
    section: "Subnormals",
    tensorflow: "update kernels take every subnormal operand and result for zero",
    here: "products of a slot and a hyper-parameter are zero where they would be subnormal, so slots without gradients decay to the same bits; gradients, averages that forget more than half in a step, and Adam's `beta1_power` and `beta2_power` may be subnormal",
    check: () => {
      const [v, optimizer] = [variable(), new gt.RMSPropOptimizer(0.1, { momentum: 0.9 })];
      optimizer.applyGradients([[gt.tensor([1, 2]), v]]);
      for (let i = 0; i < 1000; i++) optimizer.applyGradients([[gt.tensor([0, 0]), v]]);
      expect([...optimizer.getSlot(v, "momentum")!.data]).toEqual([0, 0]);
      for (const rms of optimizer.getSlot(v, "rms")!.data) expect(rms).toBeGreaterThan(2 ** -124);
    },
  },
  {
    section: "Sums",
    tensorflow: "the order of a sum depends on its shape, the axes and the number of threads",
    here: "it is the same everywhere: blocks of sixteen terms, with what rounding takes carried from block to block",
    check: () => expect(gt.mean(gt.fill([2 ** 21], 0.1)).item()).toBeCloseTo(0.1, 7),
  },
];

import * as gt from "gradtape";
import { describe, expect, test } from "vitest";

/* Nothing that a user writes is passed over: names, places, numbers and kinds of arguments, operators, async bodies. */

const any = (value: unknown) => value as never;
const x = gt.tensor([
  [1, 2],
  [3, 4],
]);

const refused: readonly [what: string, call: () => unknown, words: RegExp][] = [
  [
    "an option in the place of a number",
    () => new gt.RMSPropOptimizer(0.1, any(0.5)),
    /RMSPropOptimizer: .*0\.5.*decay/,
  ],
  ["an option of another library", () => new gt.RMSPropOptimizer(0.1, any({ rho: 0.5 })), /RMSPropOptimizer: .*"rho"/],
  ["a misspelt option", () => new gt.RMSPropOptimizer(0.1, any({ dacay: 0.5 })), /"dacay"; did you mean decay\?/],
  ["a flag by position", () => gt.matMul(x, x, any(true)), /matMul: .*true.*transposeA/],
  ["an option in Python's spelling", () => gt.matMul(x, x, any({ transpose_b: true })), /did you mean transposeB\?/],
  ["a plural", () => gt.sum(x, any({ axes: 1 })), /sum: .*"axes"; did you mean axis\?/],
  ["a misspelt flag", () => gt.sum(x, any({ keepdims: true })), /did you mean keepDims\?/],
  ["a tensor for an axis", () => gt.sum(x, any(gt.tensor(1))), /sum: axis is a float32 tensor of shape \[\]/],
  ["a shape by position", () => gt.tensor([1, 2], any([2, 1])), /tensor: .*shape, dtype/],
  ["a flag for a variable", () => new gt.Variable(x, any(false)), /Variable: .*false.*trainable/],
  ["options of null", () => gt.zeros([2], any(null)), /zeros: .*null/],
  ["an argument too many", () => (gt.square as (...args: unknown[]) => unknown)(x, {}, 3), /square: 3 arguments/],
  ["an axis given twice", () => gt.sum(x, 0, any({ axis: 1 })), /sum: axis is given twice/],
  [
    "a misspelt field",
    () => Object.assign(new gt.AdamOptimizer(0.1), { learningrate: 1 }),
    /did you mean learningRate\?/,
  ],
  [
    "a method with an argument too many",
    () => (x.item as (...args: unknown[]) => unknown)(1),
    /Tensor\.item: 1 argument/,
  ],
  ["less by an operator", () => any(gt.tensor(10)) < any(gt.tensor(9)), /less\(x, y\)/],
  ["a sum by an operator", () => (new gt.Variable(1) as never) + (1 as never), /add\(x, y\)/],
  ["an element by index", () => (x as unknown as number[])[0], /gather/],
  ["a cyclic array", () => gt.tensor(any(cyclic())), /deep/],
  ["an ndarray beyond its data", () => gt.tensor(any({ ...odd, data: new Float32Array(2) })), /reaches/],
  ["a value that left the ops", () => gt.grad((a) => gt.tensor((a.item() as number) ** 2))(3), /item\(\)/],
  ["a function that returns a number", () => gt.grad(any((a: gt.Tensor) => a.item()))(3), /grad: .*number 3.*tensor/],
  ["no variable", () => new gt.AdamOptimizer(0.1).minimize(() => gt.tensor(1)), /there is no trainable variable/],
];

const odd = { shape: [5], stride: [1], offset: 0 };

function cyclic(): unknown {
  const list: unknown[] = [];
  list[0] = list;
  return list;
}

test.each(refused)("refused: %s", (_, call, words) => {
  expect(call).toThrow(words);
});

const unreadable = any(
  new Proxy(
    {},
    {
      getPrototypeOf() {
        throw new Error("a trap throws");
      },
    },
  ),
);

test.each<[string, () => unknown]>([
  ["addN", () => gt.addN([unreadable])],
  ["Session.run", () => new gt.Session({ graph: new gt.Graph() }).run([], new Map([[unreadable, 1]]))],
])("%s names the argument in which something cannot be read", (name, call) => {
  expect(call).toThrow(new RegExp(`^${name}: argument \\d cannot be read: a trap throws`));
});

const asyncBody = any(async () => {
  throw new Error("lost");
});

test.each<[string, () => unknown]>([
  ["GradientTape.record", () => new gt.GradientTape().record(asyncBody)],
  ["Graph.asDefault", () => new gt.Graph().asDefault(asyncBody)],
  ["checkNumericsIn", () => gt.checkNumericsIn(asyncBody)],
  ["nameScope", () => gt.nameScope("a", asyncBody)],
  ["device", () => gt.device("a", asyncBody)],
  ["controlDependencies", () => gt.controlDependencies([], asyncBody)],
  ["computeGradients", () => new gt.AdamOptimizer(0.1).minimize(asyncBody)],
  ["grad", () => gt.grad(asyncBody)(1)],
  ["compile", () => (gt.compile(asyncBody) as () => unknown)()],
])("an async body of %s is refused, and its failure is not unhandled", (name, call) => {
  expect(call).toThrow(TypeError);
  expect(call).toThrow(new RegExp(`${name.replace(".", "\\.")}: the function is async`));
  expect(gt.executingEagerly()).toBe(true);
});

describe("an axis by position is the axis by name", () => {
  const wide = gt.tensor([[[1, 2]], [[3, 4]]]);
  test.each<[string, () => gt.Tensor | gt.Tensor[], () => gt.Tensor | gt.Tensor[]]>([
    ["softmax", () => gt.softmax(x, 0), () => gt.softmax(x, { axis: 0 })],
    ["logSoftmax", () => gt.logSoftmax(x, 0), () => gt.logSoftmax(x, { axis: 0 })],
    ["squeeze", () => gt.squeeze(wide, 1), () => gt.squeeze(wide, { axis: 1 })],
    ["stack", () => gt.stack([x, x], 1), () => gt.stack([x, x], { axis: 1 })],
    ["unstack", () => gt.unstack(x, 1), () => gt.unstack(x, { axis: 1 })],
    ["gather", () => gt.gather(x, [1], 1), () => gt.gather(x, [1], { axis: 1 })],
    ["argMax", () => gt.argMax(x, 1), () => gt.argMax(x, { axis: 1 })],
    ["mean", () => gt.mean(x, 1), () => gt.mean(x, { axis: 1 })],
  ])("%s", (_, byPosition, byName) => {
    const values = (result: gt.Tensor | gt.Tensor[]) => [result].flat().map((each) => each.array());
    expect(values(byPosition())).toEqual(values(byName()));
  });
});

test("feeds by pairs, by a Map and by names are the same, and a default session evaluates", () => {
  const graph = new gt.Graph();
  graph.asDefault(() => {
    const fed = gt.placeholder("float32", [], { name: "fed" });
    const twice = gt.mul(fed, 2) as gt.Tensor & { eval(options?: object): gt.Tensor };
    const session = new gt.Session();
    const results = [[[fed, 3]], new Map([[fed, 3]]), { fed: 3 }, { "fed:0": 3 }].map((feeds) =>
      session.run(twice, feeds as gt.Feeds).item(),
    );
    expect(results).toEqual([6, 6, 6, 6]);
    session.asDefault(() => expect(twice.eval({ feeds: { fed: 4 } }).item()).toBe(8));
  });
});

test("the gradient of a constant is zero, and the Jacobian takes every argument", () => {
  expect(
    gt
      .grad(() => gt.tensor(7))(3)
      .item(),
  ).toBe(0);
  expect(
    gt
      .jacobian((a, b) => gt.mul(a, b!))([1, 2], [3, 4])
      .array(),
  ).toEqual([
    [3, 0],
    [0, 4],
  ]);
});

import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { type Call, type Kind, mistakes } from "./shape-mistakes.ts";

/* What does not fit, told alike in every mode: by the op, with the operands under each other, and the user's line. */

const dtypeOf = ([first]: Kind) => (typeof first === "string" ? first : "float32");
const shapeOf = (kind: Kind) => (typeof kind[0] === "string" ? kind[1] : kind) as readonly number[];

function thrownBy(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

const modes: { [mode: string]: (call: Call, kinds: readonly Kind[]) => Error } = {
  eager: (call, kinds) =>
    thrownBy(() => call(...kinds.map((kind) => gt.zeros(shapeOf(kind), { dtype: dtypeOf(kind) })))),
  graph: (call, kinds) =>
    new gt.Graph().asDefault(() =>
      thrownBy(() => call(...kinds.map((kind) => gt.placeholder(dtypeOf(kind), shapeOf(kind))))),
    ),
  compiled: (call, kinds) =>
    thrownBy(() => gt.compile(call)(...kinds.map((kind) => gt.zeros(shapeOf(kind), { dtype: dtypeOf(kind) })))),
};

describe.each(Object.keys(modes))("%s", (mode) => {
  test.each(mistakes)("%s", (_, kinds, call, expected) => {
    const { message } = modes[mode]!(call, kinds);
    const lines = message.split("\n");
    expect(lines.pop()).toMatch(here);
    expect(lines.join("\n")).toBe(expected);
  });
});

const here = /^ {2}at \S*shape-(?:errors\.test|mistakes)\.ts:\d+:\d+$/;
const built = (name: string) => new RegExp(`^ {2}built at \\S*shape-errors\\.test\\.ts:\\d+:\\d+ as ${name}$`);

describe("where only a run knows the shapes, the line that built the operation is told", () => {
  const run = (call: Call, fed: readonly (readonly [readonly (number | null)[], readonly number[]])[]) => {
    const graph = new gt.Graph();
    return graph.asDefault(() => {
      const inputs = fed.map(([shape]) => gt.placeholder("float32", shape));
      const fetched = call(...inputs) as gt.Tensor;
      const session = new gt.Session({ graph });
      const feeds = fed.map(([, shape], i) => [inputs[i]!, gt.zeros(shape)] as const);
      return thrownBy(() => session.run(fetched, feeds)).message.split("\n");
    });
  };

  test("addN", () => {
    const open = [null, null];
    const lines = run(
      (a, b) => gt.addN([a, b], { name: "total" }),
      [
        [open, [2, 3]],
        [open, [2, 4]],
      ],
    );
    expect(lines.slice(0, -1)).toEqual([
      "addN: shapes must agree, nothing is broadcast",
      "  terms[0] [2, 3]",
      "  terms[1] [2, 4]",
      "               ^",
    ]);
    expect(lines.at(-1)).toMatch(built("total"));
  });

  test("an index beyond", () => {
    const lines = run((a) => gt.gather(a, gt.cast(gt.sum(gt.onesLike(a)), "int32")), [[[null], [3]]]);
    expect(lines[0]).toMatch(/^gather: indices\[\] = 3 is out of range/);
    expect(lines.at(-1)).toMatch(built("gather"));
  });

  test("what is fed", () => {
    const lines = run((a) => gt.exp(a), [[[null, 3], [3]]]);
    expect(lines.slice(0, -1)).toEqual([
      "Session.run: the value fed for placeholder:0 has another shape; is the batch axis missing? expandDims(value, 0)",
      "  placeholder:0 [?, 3]",
      "                 ^",
      "  fed              [3]",
    ]);
    expect(lines.at(-1)).toMatch(built("placeholder"));
  });
});

describe("variables, gradients and optimizers", () => {
  const v = new gt.Variable([1, 2], { name: "v" });
  const told: [string, () => unknown, string[]][] = [
    [
      "assign",
      () => v.assign([1, 2, 3]),
      [
        "assign: the value must have the shape of the variable, nothing is broadcast",
        "  variable [2]",
        "  value    [3]",
        "            ^",
      ],
    ],
    [
      "assign another dtype",
      () => v.assign(gt.tensor([1, 2], { dtype: "int32" })),
      ["assign: the variable is float32, the value int32; cast the value"],
    ],
    [
      "scatterAdd",
      () => v.scatterAdd(new gt.IndexedSlices([1, 2], [0])),
      [
        "scatterAdd: values need one row for each index",
        "  variable [2]",
        "  indices  [1]",
        "  values   [2]",
        "            ^",
      ],
    ],
    [
      "applyGradients",
      () => new gt.RMSPropOptimizer(0.1).applyGradients([[[1, 2, 3], v]]),
      [
        "applyRMSProp: the gradient must have the shape of the variable, nothing is broadcast",
        "  variable [2]",
        "  gradient [3]",
        "            ^",
      ],
    ],
    [
      "applyGradients, of another dtype",
      () => new gt.RMSPropOptimizer(0.1).applyGradients([[gt.tensor([1, 2], { dtype: "float64" }), v]]),
      ["applyRMSProp: the variable is float32, the gradient float64; cast the gradient"],
    ],
    [
      "outputGradients",
      () => {
        const tape = new gt.GradientTape();
        const y = tape.record(() => gt.mul(v, 2));
        return tape.gradient(y, v, { outputGradients: gt.tensor([1]) });
      },
      [
        "GradientTape.gradient: outputGradients: entry 0 (float32) must match its target (float32)",
        "  target [2]",
        "  given  [1]",
        "          ^",
      ],
    ],
  ];

  test.each(told)("%s", (_, call, expected) => {
    const lines = thrownBy(call).message.split("\n");
    expect(lines.pop()).toMatch(here);
    expect(lines).toEqual(expected);
  });

  test("the line stands in the printed error too, once, also through nested calls", () => {
    const error = thrownBy(() => new gt.RMSPropOptimizer(0.1).minimize(() => gt.losses.meanSquaredError([1], v)));
    expect(error.message.match(/\n {2}at /g)).toHaveLength(1);
    expect(error.stack).toContain(error.message);
  });
});

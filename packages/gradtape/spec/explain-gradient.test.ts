import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { expectError } from "./support.ts";

/* Why a gradient is null: one row for each cause, on a tape and in a graph. */

const here = /explain-gradient\.test\.ts:\d+:\d+/;
const vector = () => new gt.Variable([1, 2], { name: "w" });

/** The explanation of a tape for a loss; that of `w` unless the loss names another source. */
function onTape(
  f: (w: gt.Variable, tape: gt.GradientTape) => gt.Tensor,
  { source, ...options }: gt.TapeOptions & { source?: gt.Tensor | gt.Variable } = {},
): { text: string; gradient: unknown } {
  const w = vector();
  const tape = new gt.GradientTape({ locations: true, persistent: true, ...options });
  const target = tape.record(() => f(w, tape));
  const from = source ?? w;
  return { text: tape.explainGradient(target, from), gradient: tape.gradient(target, from) };
}

describe("on a tape", () => {
  const plain = gt.tensor([1, 2]);
  const whole = gt.tensor([1, 2], { dtype: "int32" });
  const fixed = new gt.Variable([1, 2], { name: "fixed", trainable: false });

  const causes: [string, Parameters<typeof onTape>, (string | RegExp)[]][] = [
    [
      "a tensor that is not watched",
      [() => gt.sum(plain), { source: plain }],
      ["the source is not watched", "tape.watch"],
    ],
    [
      "a variable that is not trainable",
      [() => gt.sum(fixed), { source: fixed }],
      ["fixed:0 is not trainable", "watch"],
    ],
    [
      "a tape that watches nothing by itself",
      [(w) => gt.sum(w), { watchAccessedVariables: false }],
      ["w:0 is not watched", "watchAccessedVariables: false"],
    ],
    ["a variable that was not used", [() => gt.sum(plain)], ["w:0 was not used while the tape recorded"]],
    [
      "a source of integers",
      [() => gt.sum(whole), { source: whole }],
      ["the source is int32", "only float32 and float64"],
    ],
    [
      "a way through integers",
      [(w) => gt.sum(gt.cast(gt.cast(gt.mul(w, 2), "int32"), "float32"))],
      ["cast gives int32", "the way: w:0 -> readVariable -> mul -> cast", here],
    ],
    ["a choice by position", [(w) => gt.cast(gt.argMax(w), "float32")], ["argMax gives int32", here]],
    ["a rule that is null", [(w) => gt.sum(gt.floor(w))], ["floor lets no gradient through to its operand", here]],
    ["a gradient stopped", [(w) => gt.sum(gt.stopGradient(gt.mul(w, 2)))], ["stopGradient lets no gradient", here]],
    [
      "a rule that gives null",
      [(w) => gt.customGradient((x) => ({ value: gt.mul(x, 2), gradient: () => null }))(w)],
      ["customGradient lets no gradient through to operand 2 of 2", here],
    ],
    [
      "a number taken out",
      [(w) => gt.sum(gt.mul(gt.sum(w).item() as number, new gt.Variable([5, 7])))],
      [/made from a float32 tensor of shape \[.*\] that has the value of something made from the source/, ".item()"],
    ],
    [
      "a value made of numbers alone",
      [(w) => gt.tensor(Array.from(gt.mul(w, 2).data))],
      ["has the value of something made from the source", ".data", "the last op made from the source is mul"],
    ],
    [
      "other numbers altogether",
      [
        (w) => {
          gt.mul(w, 2);
          return gt.tensor(5);
        },
      ],
      ["no op that was recorded made the target", "constants have no past", here],
    ],
    [
      "an assignment",
      [
        (w) => {
          fixed.assign(gt.mul(w, 2));
          return gt.sum(fixed);
        },
      ],
      ["assign writes it into fixed:0, and an assignment is not differentiated", here],
    ],
    [
      "a tensor of a graph",
      [() => new gt.Graph().asDefault(() => gt.placeholder("float32", [2])), { source: plain }],
      ["the source is not watched"],
    ],
  ];

  test.each(causes)("%s", (_, [f, options], parts) => {
    const { text, gradient } = onTape(f, options);
    expect(gradient).toBeNull();
    expect(text).toMatch(/^no gradient flows from .* to /);
    for (const part of parts) expect(text).toMatch(part);
  });

  test("a gradient that was ruled out: what asking for it says", () => {
    const w = vector();
    const tape = new gt.GradientTape({ persistent: true });
    const y = tape.record(() => gt.sum(gt.preventGradient(w, { message: "no" })));
    expectError(() => tape.gradient(y, w), gt.LookupError);
    expect(tape.explainGradient(y, w)).toMatch("preventGradient: the gradient was ruled out: no");
  });

  test("the first break is told in full, the others by name", () => {
    const { text } = onTape((w) => gt.add(gt.sum(gt.floor(w)), gt.sum(gt.stopGradient(w))));
    expect(text).toMatch(/: floor lets no gradient/);
    expect(text).toMatch(/broken also: stopGradient lets no gradient/);
  });

  test("where a gradient flows, the ops it flows through", () => {
    const { text, gradient } = onTape((w) => gt.sum(gt.mul(w, w)));
    expect(gradient).not.toBeNull();
    expect(text).toBe(
      "a gradient flows from w:0 to the target (a float32 tensor of shape []), through readVariable -> mul -> sum",
    );
  });

  test("a tape that is used up by a null can still be asked, one that gave a gradient cannot", () => {
    const w = vector();
    const ask = (f: () => gt.Tensor) => {
      const tape = new gt.GradientTape();
      const y = tape.record(f);
      tape.gradient(y, w);
      return tape.explainGradient(y, w);
    };
    expect(ask(() => gt.sum(gt.floor(w)))).toMatch("floor lets no gradient");
    expectError(() => ask(() => gt.sum(w)), gt.RuntimeError, "persistent: true");
    expectError(() => new gt.GradientTape().explainGradient(gt.tensor(1), w), gt.RuntimeError, "not recorded yet");
  });

  test("without locations there is no line", () => {
    expect(onTape((w) => gt.sum(gt.floor(w)), { locations: false }).text).not.toMatch(here);
  });
});

describe("in a graph", () => {
  const causes: [
    string,
    (w: gt.Variable, x: gt.Tensor) => [gt.Tensor, (gt.Tensor | gt.Variable)?],
    (string | RegExp)[],
  ][] = [
    [
      "a gradient stopped",
      (w) => [gt.sum(gt.stopGradient(gt.mul(w, 2), { name: "halt" }))],
      ["stopGradient 'halt' lets no gradient through", "-> stopGradient 'halt'", here],
    ],
    ["a way through integers", (w) => [gt.cast(gt.argMax(w), "float32")], ["argMax 'argMax' gives int32", here]],
    ["a source of integers", (_, x) => [gt.cast(x, "float32"), x], ["the source is int32"]],
    [
      "an assignment",
      (w) => [gt.sum(new gt.Variable([0, 0], { name: "copy" }).assign(gt.mul(w, 2)) as gt.Tensor)],
      ["assign 'assign' writes it into copy:0, and an assignment is not differentiated", here],
    ],
    ["an unused source", (_, x) => [gt.sum(gt.cast(x, "float32"))], ["no op that was recorded takes w:0"]],
    [
      "another way altogether",
      (w) => {
        gt.mul(w, 2);
        return [gt.sum(new gt.Variable([1, 2], { name: "other" }))];
      },
      [
        "the target is made from other:0, to which the source does not lead",
        "the last op made from the source is mul",
        here,
      ],
    ],
    [
      "a tensor of another graph",
      () => [gt.tensor(1), new gt.Graph().asDefault(() => gt.placeholder("float32", [], { name: "far" }))],
      ["no op that was recorded takes far:0"],
    ],
  ];

  test.each(causes)("%s", (_, build, parts) => {
    new gt.Graph().asDefault(() => {
      const w = vector();
      const [target, source = w] = build(w, gt.placeholder("int32", [2]));
      const text = gt.explainGradient(target, source);
      expect(text).toMatch(/^no gradient flows from .* to /);
      for (const part of parts) expect(text).toMatch(part);
    });
  });

  test("two graphs", () => {
    const one = new gt.Graph().asDefault(() => gt.placeholder("float32", [], { name: "one" }));
    const two = new gt.Graph().asDefault(() => gt.placeholder("float32", [], { name: "two" }));
    expect(gt.explainGradient(one, two)).toBe(
      "no gradient flows from two:0 to one:0: they belong to two graphs, and nothing leads from one to the other",
    );
  });

  test("what gradients() was told to stop at", () => {
    new gt.Graph().asDefault(() => {
      const w = vector();
      const middle = gt.mul(w, 2);
      const y = gt.sum(middle);
      expect(gt.gradients(y, w, { stopGradients: middle })).toEqual([null]);
      expect(gt.explainGradient(y, w, { stopGradients: middle })).toMatch(
        "what mul 'mul' gives is among the stopGradients",
      );
      expect(gt.explainGradient(y, w)).toMatch(/^a gradient flows from w:0 to sum:0, through /);
    });
  });

  test("nothing is added to the graph", () => {
    const graph = new gt.Graph();
    graph.asDefault(() => {
      const w = vector();
      const y = gt.sum(gt.floor(w));
      const before = graph.getOperations().length;
      gt.explainGradient(y, w);
      expect(graph.getOperations()).toHaveLength(before);
    });
  });

  test("eager tensors have no graph, other things no gradient", () => {
    expectError(() => gt.explainGradient(gt.tensor(1), gt.tensor(1)), gt.RuntimeError, "tape.explainGradient");
    expectError(() => gt.explainGradient(1 as never, gt.tensor(1)), TypeError, "the target is");
  });
});

describe("optimizers tell it in their error", () => {
  const optimizer = () => new gt.RMSPropOptimizer(0.1);

  test("minimize, eagerly", () => {
    const w = vector();
    expectError(
      () => optimizer().minimize(() => gt.sum(gt.stopGradient(gt.mul(w, 2)))),
      gt.ValueError,
      /^RMSProp\.minimize: no gradients provided for any variable: the loss a function depends on none of \[w:0\]/,
      /\n {2}no gradient flows from w:0 to .*: stopGradient lets no gradient through/,
      here,
    );
  });

  test("minimize, in a graph and while compiling", () => {
    new gt.Graph().asDefault(() => {
      const [a, b] = [vector(), vector()];
      expectError(
        () => optimizer().minimize(gt.sum(gt.floor(gt.mul(a, b)))),
        gt.ValueError,
        /no gradient flows from w:0 to sum:0: floor 'floor'/,
        /no gradient flows from w_1:0 to sum:0: floor 'floor'/,
        here,
      );
    });
    const w = vector();
    const step = gt.compile(() => optimizer().minimize(() => gt.sum(gt.floor(w))));
    expectError(() => step(), gt.ValueError, /floor 'floor' lets no gradient through/, here);
  });

  test("applyGradients, for the gradients that it computed itself", () => {
    const w = vector();
    const own = optimizer();
    const pairs = own.computeGradients(() => gt.sum(gt.floor(w)));
    expectError(() => own.applyGradients(pairs), gt.ValueError, "[w:0]\n", /floor lets no gradient through/, here);
    expectError(() => optimizer().applyGradients(pairs), gt.ValueError, /\[w:0\](\n {2}at .*)?$/);
  });
});

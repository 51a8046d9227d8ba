import { readFileSync } from "node:fs";
import { importGraphDef } from "@gradtape/export";
import * as gt from "gradtape";
import { describe, expect, test } from "vitest";

/* Graphs that TensorFlow has written (by fixtures/tensorflow/write.py), with what it computes by them. */

const folder = new URL("fixtures/tensorflow/", import.meta.url);
const read = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));
// NaN and infinities are not JSON, but Python writes them.
const literalNumbers = readFileSync(new URL("expected.json", folder), "utf8").replace(/-?Infinity|NaN/g, '"$&"');

interface Expected {
  readonly x: number[][];
  readonly y: number[];
  readonly ids: number[];
  readonly graphs: Record<string, { readonly losses: number[]; readonly variables: Record<string, unknown> }>;
  readonly program: {
    readonly variables: Record<string, unknown>;
    readonly values: [loss: number, accuracy: number][];
  };
  readonly forms: Record<string, unknown>;
  readonly constants: Record<string, string>;
  readonly foreign: {
    readonly a: number[][];
    readonly b: number[][];
    readonly values: Record<string, unknown>;
    readonly shapes: Record<string, number[]>;
  };
}
const expected: Expected = JSON.parse(literalNumbers, (_, value) =>
  typeof value === "string" && /^(?:-?Infinity|NaN)$/.test(value) ? Number(value) : value,
);

const numbers = (value: unknown): number[] => [value].flat(9).map(Number);

describe.each(Object.entries(expected.graphs))("%s", (name, { losses, variables }) => {
  test("five steps", () => {
    const graph = importGraphDef(read(name), { outputs: ["total", "train", "init"] });
    const session = new gt.Session({ graph: graph.graph });
    session.run(graph.initializer!);
    const int = (values: number[]) => gt.tensor(values, { dtype: "int32" });
    const feeds = [
      ["x:0", expected.x],
      ["y:0", int(expected.y)],
      ["ids:0", int(expected.ids)],
    ] as const;
    const { total, train } = graph.outputs;
    for (const loss of losses) {
      const [value] = session.run([total!, train!], feeds) as gt.Tensor[];
      expect(Math.abs((value!.item() as number) / loss - 1)).toBeLessThan(1e-6);
    }
    for (const variable of graph.variables) {
      const wanted = numbers(variables[variable.name.replace(":0", "")]);
      [...session.run(variable).data].forEach((value, i) => {
        expect(Math.abs(value - wanted[i]!), variable.name).toBeLessThan(2e-5 * Math.max(1, Math.abs(wanted[i]!)));
      });
    }
    expect(graph.variables.length).toBeGreaterThan(5);
  });

  test("names what can be trained", () => {
    const { graph, variables } = importGraphDef(read(name));
    const trained = variables.filter(({ trainable }) => trainable).map(({ name }) => name);
    if (name.endsWith(".meta")) expect(trained).toEqual(["table:0", "w1:0", "b1:0", "w2:0", "b2:0"]);
    expect(graph.getOperationByName("train").name).toBe("train");
  });
});

test("a whole program of TensorFlow 1", () => {
  const { variables: begin, values } = expected.program;
  const outputs = ["total", "accuracy", "train", "init"];
  const {
    graph,
    variables,
    initializer,
    outputs: fetches,
  } = importGraphDef(read("program.meta"), { narrow: true, outputs });
  const session = new gt.Session({ graph });
  session.run(initializer!);
  graph.asDefault(() => {
    for (const variable of variables) {
      const value = numbers(begin[variable.name.replace(":0", "")]);
      session.run(variable.assign(gt.tensor(value, { shape: variable.shape, dtype: variable.dtype })) as gt.Tensor);
    }
  });
  const feeds = [
    ["x:0", expected.x],
    ["y:0", gt.tensor(expected.y, { dtype: "int32" })],
  ] as const;
  for (const [loss, accuracy] of values) {
    const [there, right] = session.run([fetches.total!, fetches.accuracy!, fetches.train!], feeds) as gt.Tensor[];
    expect(Math.abs((there!.item() as number) / loss - 1)).toBeLessThan(2e-6);
    expect(right!.item()).toBe(Math.fround(accuracy));
  }
  expect(() => importGraphDef(read("program.meta"))).toThrow(/DT_INT64/);
  // Nodes that save and restore are not wanted by anything that is run.
  expect(importGraphDef(read("program.meta"), { narrow: true }).graph.findOperation("train")).not.toBeNull();
});

describe.each(["forms.pb", "forms.pbtxt"])("%s", (name) => {
  const { graph } = importGraphDef(read(name), { narrow: true });
  const session = new gt.Session({ graph });

  test.each(Object.entries(expected.forms))("%s", (node, value) => {
    const there = session.run(graph.getTensorByName(`${node}:0`));
    expect([...there.data].map((each) => Math.fround(each))).toEqual(numbers(value).map(Math.fround));
  });

  test("places and order are kept", () => {
    expect(graph.getOperationByName("placed").device).toBe("/device:CPU:0");
    expect(graph.getOperationByName("sums").controlInputs.map((each) => each.name)).toEqual(["gate"]);
  });

  test("int64 is refused unless it may be narrowed", () => {
    const { long } = expected.constants;
    expect(() => importGraphDef(read(name))).toThrow(
      `importGraphDef: node "${long}" (Const): there is no dtype DT_INT64 here; { narrow: true } reads it as int32`,
    );
    expect(graph.getTensorByName(`${long}:0`).dtype).toBe("int32");
  });
});

describe("ops that are read in terms of others", () => {
  const { a, b, values, shapes } = expected.foreign;
  const { graph } = importGraphDef(read("foreign.pb"), { narrow: true });
  const session = new gt.Session({ graph });

  test.each(Object.entries(values))("%s", (name, value) => {
    const there = session.run(graph.getTensorByName(`result_${name}:0`), [
      ["a:0", a],
      ["b:0", b],
    ]);
    expect(there.shape).toEqual(shapes[name]);
    const wanted = numbers(value);
    [...there.data].forEach((each, i) => {
      expect(Math.abs(each - wanted[i]!)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(wanted[i]!)));
    });
  });
});

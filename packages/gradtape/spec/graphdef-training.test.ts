import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { importGraphDef } from "@gradtape/export";
import * as gt from "gradtape";
import { describe, expect, test } from "vitest";

/* Training graphs that scripts of TensorFlow 1 make (fixtures/tensorflow/training.py): read, trained, and compared. */

const folder = new URL("fixtures/tensorflow/training/", import.meta.url);
const unpacked = (name: string) => new Uint8Array(gunzipSync(readFileSync(new URL(`${name}.gz`, folder))));

type Nested = number | boolean | readonly Nested[];

interface Script {
  readonly feeds: Record<string, readonly [dtype: string, value: Nested]>;
  readonly begin: Record<string, Nested>;
  readonly losses: readonly number[];
  readonly end: Record<string, Nested>;
}
const scripts: Record<string, Script> = JSON.parse(new TextDecoder().decode(unpacked("expected.json")));

const near = 1e-5;
const numbers = (value: Nested): number[] => [value].flat(9).map(Number);
const distance = (actual: number, wanted: number) => Math.abs(actual - wanted) / Math.max(1, Math.abs(wanted));

test("there are at least 15 kinds of graphs", () => {
  expect(Object.keys(scripts).length).toBeGreaterThanOrEqual(15);
});

describe.each(["open", "fixed"])("with a batch that is %s", (batch) => {
  test.each(Object.entries(scripts))("%s", (name, { feeds, begin, losses, end }) => {
    const { graph, variables, initializer, outputs, inputs } = importGraphDef(unpacked(`${name}-${batch}.pb`), {
      narrow: true,
      outputs: ["total", "train", "init"],
    });
    if (batch === "open") expect(Object.values(inputs).some(({ shape }) => shape[0] === null)).toBe(true);
    const session = new gt.Session({ graph });
    session.run(initializer!);
    expect(variables.map((variable) => variable.opName).sort()).toEqual(Object.keys(begin).sort());
    graph.asDefault(() => {
      for (const variable of variables) {
        const value = gt.tensor(numbers(begin[variable.opName]!), { shape: variable.shape, dtype: variable.dtype });
        session.run(variable.assign(value) as gt.Tensor);
      }
    });
    const fed = Object.entries(feeds).map(([tensor, [dtype, value]]) => {
      const narrowed = (dtype === "int64" ? "int32" : dtype) as gt.DType;
      return [tensor, gt.tensor(value as number[], { dtype: narrowed })] as const;
    });
    for (const wanted of losses) {
      expect(distance(session.run(outputs.total as gt.Tensor, fed).item() as number, wanted)).toBeLessThan(near);
      session.run(outputs.train!, fed);
    }
    for (const variable of variables) {
      const wanted = numbers(end[variable.opName]!);
      const off = [...session.run(variable).data].map((value, i) => distance(value, wanted[i]!));
      expect(Math.max(...off), variable.name).toBeLessThan(near);
    }
  });
});

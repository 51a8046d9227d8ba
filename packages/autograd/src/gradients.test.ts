import * as ops from "@gradtape/graph";
import { describe, expect, test } from "vitest";
import * as callable from "../../graph/src/ops/index.ts";
import { checkGradients } from "./check.ts";
import { composites, flat, others, table } from "./fixtures/gradient-table.ts";

const entries = Object.entries(ops).filter((entry): entry is [string, (typeof ops)["add"]] => {
  return typeof entry[1] === "function" && "op" in entry[1];
});

describe("the gradient table", () => {
  test("has a row for every op", () => {
    const missing = entries.map(([name]) => name).filter((name) => !(name in table) && !flat.has(name));
    expect(missing).toEqual([]);
  });

  test("has a row for every function that is made of ops", () => {
    const names = [
      ...Object.keys(callable),
      ...Object.keys(ops.losses)
        .filter((name) => !(name in ops))
        .map((name) => `losses.${name}`),
    ];
    const known = (name: string) =>
      [table, composites].some((rows) => name in rows) || flat.has(name) || others.has(name);
    expect(names.filter((name) => !known(name))).toEqual([]);
    expect([...others].filter((name) => !names.includes(name))).toEqual([]);
  });

  test("names each op as it is exported", () => {
    expect(entries.filter(([name, { op }]) => op.name !== name).map(([name]) => name)).toEqual([]);
  });

  for (const [name, rows] of Object.entries({ ...table, ...composites })) {
    test.each(rows.map((each, i) => [i, each] as const))(`${name}, row %i, at order 2`, (_, { f, inputs }) => {
      checkGradients(f, inputs);
    });
  }
});

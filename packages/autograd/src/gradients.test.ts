import * as ops from "@gradtape/graph";
import { describe, expect, test } from "vitest";
import { checkGradients } from "./check.ts";
import { composites, flat, table } from "./fixtures/gradient-table.ts";

const entries = Object.entries(ops).filter((entry): entry is [string, (typeof ops)["add"]] => {
  return typeof entry[1] === "function" && "op" in entry[1];
});

describe("the gradient table", () => {
  test("has a row for every op", () => {
    const missing = entries.map(([name]) => name).filter((name) => !(name in table) && !flat.has(name));
    expect(missing).toEqual([]);
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

import * as gt from "gradtape";
import * as nodeOnly from "gradtape/node";
import { describe, expect, test } from "vitest";

/* The package `gradtape` exports every public name: a missing one fails here. */

/** Names that packages export for each other, and not for users. A new name is exported to users or listed here. */
const internal: Record<string, readonly string[]> = {
  autograd: ["flatten", "pack"],
  checkpoint: ["decodeRun"],
  "graph/src/ops": ["densify", "segmentSumLike", "sliceIndices", "sliceValues"],
  optimizers: ["updateOps"],
};

const sources: Record<string, () => Promise<object>> = {
  autograd: () => import("@gradtape/autograd"),
  checkpoint: () => import("@gradtape/checkpoint"),
  "graph/src/ops": () => import("../../graph/src/ops/index.ts"),
  optimizers: () => import("@gradtape/optimizers"),
};

describe("the umbrella holds what users call", () => {
  test.each(Object.entries(sources))("%s", async (name, load) => {
    const missing = Object.keys(await load()).filter((each) => !(each in gt) && !(each in nodeOnly));
    expect(missing.sort()).toEqual(internal[name]);
  });
});

test("no name of the umbrella is undefined", () => {
  expect(Object.entries({ ...gt, ...nodeOnly }).filter(([, value]) => value === undefined)).toEqual([]);
});

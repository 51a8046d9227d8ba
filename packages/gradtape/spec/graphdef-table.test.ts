import { importGraphDef, writeGraphDef, writeGraphDefText } from "@gradtape/export";
import { allEntries, SymbolicTensor } from "@gradtape/graph";
import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { tableRows } from "./handover-rows.ts";
import { type Case, caseOfRow, type Values } from "./handover-support.ts";

/* Every op as a graph of TensorFlow and back: the same bits for values, gradients and gradients of gradients. */

function expectSameBits(actual: gt.Tensor, expected: gt.Tensor, what: string): void {
  expect(`${actual.dtype}[${actual.shape}]`, what).toBe(`${expected.dtype}[${expected.shape}]`);
  const other = expected.data;
  actual.data.forEach((value, i) => {
    if (!Object.is(value, other[i])) throw new Error(`${what}, element ${i}: ${value} is not ${other[i]}`);
  });
}

function resultsOf(data: string | Uint8Array, feeds: Values): Values {
  const { graph, inputs, outputs } = importGraphDef(data);
  const given = Object.entries(inputs).map(([name, input]) => [input, feeds[name]!] as const);
  const session = new gt.Session({ graph });
  const fetched = Object.entries(outputs).filter(([, output]) => output instanceof SymbolicTensor);
  const values = session.run(
    fetched.map(([, output]) => output as SymbolicTensor),
    given,
  );
  return Object.fromEntries(fetched.map(([name], i) => [name, values[i]!]));
}

function expectRoundTrip(
  { handover, feeds, results }: Case,
  write: typeof writeGraphDef | typeof writeGraphDefText,
): void {
  const there = resultsOf(write(handover), feeds);
  for (const [name, expected] of Object.entries(results)) expectSameBits(there[name]!, expected, name);
}

test.each(tableRows)("$label", ({ row, order }) => {
  expectRoundTrip(caseOfRow(row, { order }), writeGraphDef);
});

/** Rows that need the numbers which are left open: to be built, or because an extent of 1 meets another one. */
const needNumbers = new Set(["prod, row 0", "prod, row 1"]);
/** Rows that no node of TensorFlow can express: the gradient takes every n-th element of an open axis. */
const formless = new Set(["embed, row 0"]);

describe("with open extents", () => {
  test.each(tableRows)("$label", ({ label, row, order }) => {
    const build = () => caseOfRow(row, { open: true, order });
    if (needNumbers.has(label)) expect(build).toThrow(gt.ValueError);
    else if (formless.has(label))
      expect(() => writeGraphDefText(build().handover)).toThrow(/slice.* cannot be written/);
    else expectRoundTrip(build(), writeGraphDefText);
  });

  test("every refusal is that of a row", () => {
    const labels = tableRows.map(({ label }) => label);
    expect([...needNumbers, ...formless].filter((label) => !labels.includes(label))).toEqual([]);
  });
});

describe("every op that is defined", () => {
  const silent = allEntries().filter(({ tensorflow }) => tensorflow === undefined);

  test("says how TensorFlow spells it or why not, or is an update, told by its arithmetic", () => {
    const numbers = Array.from({ length: 12 }, () => ({ dtype: "float32", shape: [] }) as const);
    for (const { name, kernel } of silent) expect(kernel(numbers, {}, []).form?.kind, name).toBe("update");
  });

  test("has a spelling of its own", () => {
    const named = allEntries().flatMap(({ name, tensorflow }) =>
      [tensorflow]
        .flat()
        .flatMap((form) => (typeof form === "object" && "op" in form ? [[form.op, name] as const] : [])),
    );
    const twice = named.filter(([op], i) => named.findIndex(([other]) => other === op) !== i);
    // Two rules, told apart by a flag or by what is known of a power.
    const shared = /^Resource(?:Sparse)?Apply(?:Momentum|Ftrl|FtrlV2)$/;
    expect(twice.filter(([op]) => !shared.test(op))).toEqual([]);
  });

  test("is refused with its reason where TensorFlow has nothing like it", () => {
    const refused = allEntries().flatMap(({ name, tensorflow }) =>
      typeof tensorflow === "object" && "refused" in tensorflow ? [`${name}: ${tensorflow.refused}`] : [],
    );
    expect(refused).toEqual([
      "sparseApplyLegacyMovingRMSprop: TensorFlow has no kernel that updates single rows by this rule",
      "sparseApplyLegacyCenteredMovingRMSprop: TensorFlow has no kernel that updates single rows by this rule",
    ]);
  });
});

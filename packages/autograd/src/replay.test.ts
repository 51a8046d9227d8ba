import { cast, compile, Graph, type IndexedSlices, placeholder, Session, verify } from "@gradtape/graph";
import { Tensor } from "@gradtape/tensor";
import { describe, expect, test, vi } from "vitest";
import { composites, type Row, table } from "./fixtures/gradient-table.ts";
import { gradients } from "./gradients.ts";
import { GradientTape } from "./tape.ts";

/* Every row of the gradient table, eagerly and as a graph in a session: values, gradients and gradients of gradients must
 * have the same bits, with all extents known and with the first extent of every input left open. */

type Cotangent = Tensor | IndexedSlices | null;

const dense = (g: Cotangent): Tensor | null => (g === null || g instanceof Tensor ? g : g.toTensor());
const listOf = (result: Tensor | readonly Tensor[]): Tensor[] => (result instanceof Tensor ? [result] : [...result]);

function eagerly({ f }: Row, inputs: readonly Tensor[]): (Tensor | null)[] {
  const outer = new GradientTape();
  return outer.record(() => {
    outer.watch(inputs);
    const inner = new GradientTape();
    const values = inner.record(() => {
      inner.watch(inputs);
      return listOf(f(...inputs));
    });
    const first = (inner.gradient(values, inputs) as Cotangent[]).map(dense);
    const connected = first.filter((g) => g !== null);
    const second = connected.length === 0 ? [] : (outer.gradient(connected, inputs) as Cotangent[]).map(dense);
    return [...values, ...first, ...second];
  });
}

/** What cannot be compiled, and is run by a session instead. */
const interpreted = new Set<string>();

/** The same compiled; a second call must give the same again. */
function compiled(name: string, row: Row, inputs: readonly Tensor[]): (Tensor | null)[] {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {
    interpreted.add(name);
  });
  const step = compile((...args: Tensor[]) => eagerly(row, args));
  const first = step(...inputs);
  expectSameBits(step(...inputs), first);
  warn.mockRestore();
  return first;
}

/** The same through placeholders; `open` axes of each input are left to the run. */
function asGraph({ f, inputs }: Row, open: (axis: number) => boolean): (Tensor | null)[] {
  const graph = new Graph();
  return graph.asDefault(() => {
    const holders = inputs.map(({ dtype, shape }) =>
      placeholder(
        dtype,
        shape.map((extent, axis) => (open(axis) ? null : extent)),
      ),
    );
    const values = listOf(f(...holders));
    const first = gradients(values, holders).map(dense);
    const connected = first.filter((g) => g !== null);
    const second = connected.length === 0 ? [] : gradients(connected, holders).map(dense);
    verify(graph);
    const session = new Session({ graph });
    return session.run(
      [...values, ...first, ...second],
      inputs.map((input, i) => [holders[i]!, input] as const),
    ) as (Tensor | null)[];
  });
}

function expectSameBits(actual: (Tensor | null)[], expected: (Tensor | null)[]): void {
  expect(actual.map((each) => each?.shape)).toEqual(expected.map((each) => each?.shape));
  actual.forEach((each, i) => {
    const other = expected[i]!;
    each?.data.forEach((value, at) => {
      if (!Object.is(value, other?.data[at]))
        expect.fail(`result ${i}, element ${at}: ${value} is not ${other?.data[at]}`);
    });
  });
}

/** The axes of the inputs that are left open. */
const openings: Record<string, (axis: number) => boolean> = {
  "first extent open": (axis) => axis === 0,
  "all extents open": () => true,
};

const wholeProduct = /^prod: the gradient needs the extents of the reduced axes, the operand has shape/;

/** The rows that cannot be built with open extents, and their messages; there are no others. */
const refusals: Record<string, RegExp> = {
  "prod 0, first extent open": wholeProduct,
  "prod 1, first extent open": wholeProduct,
  "prod 0, all extents open": wholeProduct,
  "prod 1, all extents open": wholeProduct,
  "unstack 0, all extents open": /^unstack: axis 1 of \[\?, \?\] must have a known extent/,
};

describe("replay in a session", () => {
  for (const [name, rows] of Object.entries({ ...table, ...composites })) {
    test.each(rows.map((row, i) => [i, row] as const))(`${name}, row %i, known extents`, (_, row) => {
      expectSameBits(
        asGraph(row, () => false),
        eagerly(row, row.inputs),
      );
    });
    for (const [opening, isOpen] of Object.entries(openings)) {
      test.each(rows.map((row, i) => [i, row] as const))(`${name}, row %i, ${opening}`, (i, row) => {
        const expected = refusals[`${name} ${i}, ${opening}`];
        if (expected !== undefined) expect(() => asGraph(row, isOpen)).toThrow(expected);
        else expectSameBits(asGraph(row, isOpen), eagerly(row, row.inputs));
      });
    }
  }
});

describe("replay compiled", () => {
  for (const [name, rows] of Object.entries({ ...table, ...composites })) {
    // Two rows hold float64 numbers of their own.
    const single = rows.filter((_, i) => name !== "prod" || i < 2);
    test.each(single.map((row, i) => [i, row] as const))(`${name}, row %i, in float32`, (_, row) => {
      const inputs = row.inputs.map((input) => (input.dtype === "float64" ? cast(input, "float32") : input));
      expectSameBits(compiled(name, row, inputs), eagerly(row, inputs));
    });
  }
  test("only float64 is left to a session", () => {
    expect([...interpreted].sort()).toEqual(["cast", "checkNumerics"]);
  });
});

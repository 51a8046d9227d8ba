import { describe, expect, test } from "vitest";
import { foldStages, program } from "./program.ts";
import * as k from "./scalar.ts";

describe("levels", () => {
  test("an output varies along the row when something it reads outside of folds does", () => {
    const made = program(
      ["float32", "float32"],
      (x, r) => [
        x,
        r,
        k.add(x, r),
        k.fold("add", x),
        k.add(r, k.fold("max", k.mul(x, r))),
        k.sub(x, k.fold("max", x)),
        k.index,
        k.extent,
        k.fold("add", k.index),
        k.cast(k.constant(1, "float32"), "int32"),
      ],
      ["element", "row"],
    );
    const [element, row] = ["element", "row"] as const;
    expect(made.levels).toEqual([element, row, element, row, row, element, element, row, row, row]);
  });

  test("inputs are elements unless said otherwise; one output needs no list", () => {
    const made = program(["int32"], (x) => k.neg(x));
    expect(made.inputs).toEqual([{ type: "int32", level: "element" }]);
    expect([made.outputs.length, made.levels]).toEqual([1, ["element"]]);
  });
});

describe("stages", () => {
  const x = k.input(0, "float32");
  const sum = k.fold("add", x);
  const square = k.fold("add", k.mul(k.sub(x, sum), k.sub(x, sum)));
  const third = k.fold("max", k.add(square, k.fold("min", x)));

  test("a fold comes after every fold it reads", () => {
    const stages = foldStages([third]);
    expect(stages.map((stage) => stage.length)).toEqual([2, 1, 1]);
    expect(stages[0]).toContain(sum);
    expect(stages[1]).toEqual([square]);
    expect(stages[2]).toEqual([third]);
  });

  test("a shared fold is there once; independent ones share a stage; no folds, no stages", () => {
    expect(foldStages([sum, k.add(sum, sum), k.neg(sum)])).toEqual([[sum]]);
    expect(foldStages([sum, k.fold("mul", x)])[0]!.length).toBe(2);
    expect(foldStages([k.add(x, x)])).toEqual([]);
  });
});

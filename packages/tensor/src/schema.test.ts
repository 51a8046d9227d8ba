import { describe, expect, test } from "vitest";
import {
  boolean,
  either,
  type Fields,
  fieldProblem,
  integer,
  list,
  natural,
  nullable,
  oneOf,
  optional,
} from "./schema.ts";

const fields: Fields = {
  axis: optional(nullable(either(integer, list(integer)))),
  keepDims: optional(boolean),
  mode: optional(oneOf("same", "valid")),
};

describe("fieldProblem", () => {
  test.each([
    [{}, null],
    [{ axis: 1, keepDims: true, mode: "same" }, null],
    [{ axis: [0, 1] }, null],
    [{ axis: null }, null],
    [{ keepDims: undefined }, null],
    [{ keepdims: true }, 'there is no option "keepdims"; did you mean keepDims?'],
    [{ keep_dims: true }, 'there is no option "keep_dims"; did you mean keepDims?'],
    [{ axes: 1 }, 'there is no option "axes"; did you mean axis?'],
    [{ rho: 1 }, 'there is no option "rho"; the options are axis, keepDims, mode'],
    [{ toString: 1 }, 'there is no option "toString"; the options are axis, keepDims, mode'],
    [
      { axis: 1.5 },
      "the option axis is the number 1.5, expected an integer or a list, each element an integer or null",
    ],
    [{ mode: "full" }, 'the option mode is the string "full", expected one of "same", "valid"'],
  ])("%j", (record, problem) => {
    expect(fieldProblem("option", record, fields)).toBe(problem);
  });

  test("a missing field", () => {
    expect(fieldProblem("attribute", {}, { axis: natural })).toBe(
      "the attribute axis is missing, expected an integer >= 0",
    );
  });

  test("nothing is taken", () => {
    expect(fieldProblem("option", { a: 1 }, {})).toBe('there is no option "a"; no option is taken here');
  });

  test("holes of a list are no elements", () => {
    expect(list(integer).holds(new Array(2))).toBe(false);
  });
});

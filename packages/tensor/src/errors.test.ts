import { expect, test } from "vitest";
import * as errors from "./errors.ts";

test.each(Object.entries(errors))("%s carries its name and message, and is an Error", (name, Kind) => {
  const error = new Kind("op: fact; advice");
  expect(error).toBeInstanceOf(Error);
  expect(error).toBeInstanceOf(Kind);
  expect([error.name, error.message, String(error)]).toEqual([name, "op: fact; advice", `${name}: op: fact; advice`]);
});

test("a ValueError is a RangeError; the others are of no narrower kind", () => {
  for (const [name, Kind] of Object.entries(errors)) {
    expect(new Kind("x") instanceof RangeError).toBe(name === "ValueError");
  }
});

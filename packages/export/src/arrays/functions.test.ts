import { scalar as k } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import { callsOf, type FunctionName } from "./functions.ts";

const x = k.mul(k.input(0, "float32"), 2);
const y = k.input(1, "float32");

const unary: FunctionName[] = ["exp", "log", "log1p", "tanh", "sigmoid", "softplus", "sin", "cos"];

describe("functions that the kernel language spells out", () => {
  test.each(unary)("%s is found again", (name) => {
    const spelled = k[name] as (x: k.Scalar) => k.Scalar;
    expect(callsOf(spelled(x))[0]).toEqual({ name, args: [x] });
    expect(callsOf(spelled(x))[0]!.args[0]).toBe(x);
  });

  test("pow has two arguments, which may be one", () => {
    const [call] = callsOf(k.pow(x, y));
    expect(call!.name).toBe("pow");
    expect(call!.args[0]).toBe(x);
    expect(call!.args[1]).toBe(y);
    expect(callsOf(k.pow(x, x))[0]!.args).toEqual([x, x]);
  });

  test("one inside of another", () => {
    const inner = k.exp(x);
    const [outer] = callsOf(k.tanh(inner));
    expect(outer!.name).toBe("tanh");
    expect(outer!.args[0]).toBe(inner);
    expect(callsOf(inner)[0]!.name).toBe("exp");
  });

  test("what is nearly one is not: another constant, another argument in one place", () => {
    expect(callsOf(k.add(k.exp(x), 1))).toEqual([]);
    const e = k.exp(k.neg(k.abs(x)));
    const sigmoidOf = (z: k.Scalar) => k.div(k.select(k.lt(z, 0), e, 1), k.add(e, 1));
    expect(callsOf(sigmoidOf(x))[0]!.name).toBe("sigmoid");
    expect(callsOf(sigmoidOf(y))).toEqual([]);
  });

  test("float64 has its functions as instructions", () => {
    expect(callsOf(k.exp(k.input(0, "float64")))).toEqual([]);
  });
});

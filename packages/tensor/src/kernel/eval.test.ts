import { afterEach, beforeEach, expect, test, vi } from "vitest";

beforeEach(() => vi.resetModules());
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

const ask = async () => (await import("./eval.ts")).mayEval();

test("the engine is asked, unless the environment says no", async () => {
  vi.stubEnv("GRADTAPE_EVAL", "1");
  const allowed = vi.fn();
  vi.stubGlobal("Function", allowed);
  expect(await ask()).toBe(true);
  expect(await ask()).toBe(true);
  expect(allowed).toHaveBeenCalledTimes(1);
  vi.resetModules();
  vi.stubEnv("GRADTAPE_EVAL", "0");
  expect(await ask()).toBe(false);
  expect(allowed).toHaveBeenCalledTimes(1);
});

test("a policy without unsafe-eval says no", async () => {
  vi.stubEnv("GRADTAPE_EVAL", "1");
  vi.stubGlobal("Function", () => {
    throw new EvalError("Refused to evaluate a string as JavaScript");
  });
  expect(await ask()).toBe(false);
});

import { afterEach, beforeEach, expect, test, vi } from "vitest";

// Every test has a process of its own, so to speak: modules that have decided nothing yet.
beforeEach(() => vi.resetModules());
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

const fresh = () => import("./features.ts");

test("the information is what was decided, in one line", async () => {
  const { backendInfo, detectFeatures } = await fresh();
  const info = backendInfo();
  const { simd, relaxed, strict } = detectFeatures();
  expect(info).toMatchObject({ simd, relaxed, strict, threads: 1 });
  expect(info.description).toBe(
    simd ? `WebAssembly SIMD, ${relaxed ? "relaxed multiply-add" : "multiply and add"}, 1 thread` : "JavaScript",
  );
});

test("the environment asks for the portable form", async () => {
  vi.stubEnv("GRADTAPE_STRICT", "1");
  const { backendInfo } = await fresh();
  expect(backendInfo()).toMatchObject({ relaxed: false, strict: true });
  expect(backendInfo().description).toBe("WebAssembly SIMD, strict multiply and add, 1 thread");
});

test("the environment asks for plain JavaScript", async () => {
  vi.stubEnv("GRADTAPE_SIMD", "0");
  const { backendInfo } = await fresh();
  expect(backendInfo()).toEqual({
    ...{ simd: false, relaxed: false, strict: false, threads: 1 },
    description: "JavaScript",
  });
});

test("an engine without WebAssembly computes in JavaScript", async () => {
  vi.stubGlobal("WebAssembly", undefined);
  expect((await fresh()).backendInfo().description).toBe("JavaScript");
});

test("where the policy of a page forbids WebAssembly, kernels compute in JavaScript", async () => {
  const forbidden = class {
    constructor() {
      throw new WebAssembly.CompileError("Wasm code generation disallowed by embedder");
    }
  };
  vi.stubGlobal("WebAssembly", { ...WebAssembly, validate: WebAssembly.validate, Module: forbidden });
  expect((await fresh()).backendInfo().description).toBe("JavaScript");
});

test("an environment that may not be read says nothing", async () => {
  const env = new Proxy(
    {},
    {
      get() {
        throw new Error('NotCapable: Requires env access to "GRADTAPE_STRICT", run again with the --allow-env flag');
      },
    },
  );
  vi.stubGlobal("process", { ...process, env, versions: process.versions });
  const { backendInfo, environment } = await fresh();
  expect(environment("GRADTAPE_STRICT")).toBeUndefined();
  expect(backendInfo().strict).toBe(false);
});

test("the program asks for the portable form before anything is computed, and not later", async () => {
  const { detectFeatures, strictNumerics } = await fresh();
  strictNumerics(false);
  strictNumerics(true);
  expect(detectFeatures()).toMatchObject({ relaxed: false, strict: true });
  strictNumerics(true);
  expect(() => strictNumerics(false)).toThrow(
    "strictNumerics: kernels are in use, strict is true; call it before the first computation",
  );
});

test("the program's word is stronger than the environment's", async () => {
  vi.stubEnv("GRADTAPE_STRICT", "1");
  const { detectFeatures, strictNumerics } = await fresh();
  strictNumerics(false);
  expect(detectFeatures().strict).toBe(false);
});

test("only engines that know the flag are given it", async () => {
  const set = vi.fn();
  vi.stubGlobal("process", {
    env: {},
    versions: { node: "24.0.0", v8: "13.6.1" },
    getBuiltinModule: () => ({ setFlagsFromString: set }),
  });
  const validate = vi.spyOn(WebAssembly, "validate").mockImplementation(() => false);
  const { probeFeatures } = await fresh();
  expect(probeFeatures()).toEqual({ simd: false, relaxed: false, strict: false });
  validate.mockImplementationOnce(() => true);
  expect(probeFeatures().relaxed).toBe(false);
  expect(set).not.toHaveBeenCalled();
  vi.stubGlobal("process", { ...process, versions: { node: "20.20.2", v8: "11.3.244.8-node.33" } });
  validate.mockImplementationOnce(() => true);
  expect(probeFeatures().relaxed).toBe(false);
  expect(set).toHaveBeenCalledWith("--experimental-wasm-relaxed-simd");
  validate.mockRestore();
});

test("a browser has neither process nor flags", async () => {
  vi.stubGlobal("process", undefined);
  const { detectFeatures } = await fresh();
  expect(detectFeatures().strict).toBe(false);
});

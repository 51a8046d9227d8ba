import { configDefaults, defineConfig } from "vitest/config";

// Tests run against the sources (the `@gradtape/source` export condition), so nothing has to be built first.
const conditions = ["@gradtape/source", "module", "import", "node", "default"];

// What depends on how products are computed.
const products = [
  "packages/tensor/src/kernel/gemm.test.ts",
  "packages/optimizers/src/minimize.test.ts",
  "packages/gradtape/spec/compile.test.ts",
];

const noEval = ["--disallow-code-generation-from-strings"];

// What depends on how loops over elements are run. Nothing here prints loops itself.
const loops = [
  "packages/tensor/src/kernel/indexing.test.ts",
  "packages/tensor/src/kernel/loops.test.ts",
  "packages/tensor/src/kernel/update.test.ts",
  "packages/tensor/src/random/generator.test.ts",
  "packages/gradtape/spec/09-sparse-gradients.test.ts",
];

// Tests of the other places that make code from text.
const withoutEval = ["packages/gradtape/spec/compile-kernels.test.ts", "packages/gradtape/spec/ownership.test.ts"];

// Comparisons with engines that one has to install; ENGINES=1 adds them.
const engines = "packages/gradtape/spec/engines/*.test.ts";

function project(name: string, env: Record<string, string>, include: readonly string[], execArgv: string[] = []) {
  const exclude = name === "engines" ? configDefaults.exclude : [...configDefaults.exclude, engines];
  return { extends: true as const, test: { name, env, include: [...include], exclude, execArgv } };
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    setupFiles: ["vitest.setup.ts"],
    testTimeout: 60_000,
    // As many as there are processors: the default leaves one of two unused.
    maxWorkers: "100%",
    projects: [
      project("default", {}, [
        "packages/*/src/**/*.test.ts",
        "packages/*/spec/**/*.test.ts",
        "apps/*/src/**/*.test.ts",
      ]),
      // The portable form, in which also products have the bits of every machine.
      project("strict", { GRADTAPE_STRICT: "1" }, [...products, "packages/tensor/src/kernel/vector-product.test.ts"]),
      // An engine without vectors.
      project("javascript", { GRADTAPE_SIMD: "0" }, [...products, "packages/gradtape/spec/ownership.test.ts"]),
      // Where text may not become code, as on a page with a content security policy; with vectors and without.
      project("no-eval", {}, [...products, ...loops, ...withoutEval], noEval),
      project("no-eval-javascript", { GRADTAPE_SIMD: "0" }, loops, noEval),
      ...(process.env.ENGINES === "1" ? [project("engines", {}, [engines])] : []),
    ],
  },
});

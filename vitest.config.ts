import { defineConfig } from "vitest/config";

// Tests run against the sources (the `@gradtape/source` export condition), so nothing has to be built first.
const conditions = ["@gradtape/source", "module", "import", "node", "default"];

// What depends on how products are computed.
const products = [
  "packages/tensor/src/kernel/gemm.test.ts",
  "packages/optimizers/src/minimize.test.ts",
  "packages/gradtape/spec/compile.test.ts",
];

function project(name: string, env: Record<string, string>, include: readonly string[]) {
  return { extends: true as const, test: { name, env, include: [...include] } };
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    setupFiles: ["vitest.setup.ts"],
    testTimeout: 60_000,
    projects: [
      project("default", {}, [
        "packages/*/src/**/*.test.ts",
        "packages/*/spec/**/*.test.ts",
        "apps/*/src/**/*.test.ts",
      ]),
      // The portable form, in which also products have the bits of every machine.
      project("strict", { GRADTAPE_STRICT: "1" }, [...products, "packages/tensor/src/kernel/vector-product.test.ts"]),
      // An engine without vectors.
      project("javascript", { GRADTAPE_SIMD: "0" }, products),
    ],
  },
});

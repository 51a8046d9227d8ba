import { defineConfig } from "vitest/config";

// Tests run against the sources (the `@gradtape/source` export condition), so nothing has to be built first.
const conditions = ["@gradtape/source", "module", "import", "node", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "packages/*/spec/**/*.test.ts", "apps/*/src/**/*.test.ts"],
    setupFiles: ["vitest.setup.ts"],
    testTimeout: 60_000,
  },
});

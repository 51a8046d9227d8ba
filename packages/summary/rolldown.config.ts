import { defineConfig } from "rolldown";

// Two entries that share their code: the events, and the file they go to.
export default defineConfig({
  input: { index: "src/index.ts", node: "src/node.ts" },
  external: [/^@bufbuild\//, /^@gradtape\//, /^node:/],
  output: { dir: "dist", format: "esm", sourcemap: true, chunkFileNames: "[name].js" },
});

import { defineConfig } from "vite";
import site from "./vite.config.ts";

// The library's part of an app, bundled as an app bundles it.
export default defineConfig({
  resolve: site.resolve,
  build: {
    target: "es2023",
    outDir: "artifacts/size",
    modulePreload: false,
    rolldownOptions: {
      input: "src/size/mlp.ts",
      preserveEntrySignatures: "strict",
      output: { entryFileNames: "mlp.js" },
    },
  },
});

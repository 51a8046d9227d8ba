import { defineConfig, type Plugin } from "vite";

// The library's sources are bundled, not its built files: what the page does not use falls away module by module.
const conditions = ["@gradtape/source", "module", "browser", "production", "import", "default"];

// Nothing is fetched, nothing is evaluated; WebAssembly is compiled. A blob is the program that a user types: the script of
// a worker that lives under the same policy.
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'none'",
  "form-action 'none'",
  "base-uri 'none'",
].join("; ");

/** Puts the policy into the page; a worker has that of the answer it came with, so the server that is used here tells it too. */
function contentSecurityPolicy(): Plugin {
  return {
    name: "content-security-policy",
    apply: (_, { command, isPreview }) => command === "build" || isPreview === true,
    transformIndexHtml: () => [
      { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: policy }, injectTo: "head-prepend" },
    ],
    configurePreviewServer(server) {
      server.middlewares.use((_, response, next) => {
        response.setHeader("Content-Security-Policy", policy);
        next();
      });
    },
  };
}

export default defineConfig({
  // Static files that work under any address, also in a subfolder.
  base: "./",
  plugins: [contentSecurityPolicy()],
  resolve: { conditions },
  assetsInclude: ["**/*.gz"],
  worker: { format: "es" },
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});

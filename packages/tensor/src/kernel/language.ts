/** The whole vocabulary of the kernel language under one roof, for `import { scalar as k }`. */
export * from "./functions.ts";
export * from "./power.ts";
export * from "./scalar.ts";
export * from "./trigonometry.ts";

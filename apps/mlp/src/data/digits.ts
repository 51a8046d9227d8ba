import { fileURLToPath } from "node:url";
import * as gt from "gradtape";
import { type Dataset, exampleSize, selectRows } from "./dataset.ts";
import { readImages } from "./idx.ts";

const testShare = 0.2;
// The split belongs to the dataset: it must not move with the seed of a run, or accuracies could not be compared.
const splitSeed = 1797;

/** The 8x8 digits that ship with the app: 1,797 images, of which a fifth of every class is the test set. */
export async function loadDigits(): Promise<Dataset> {
  const path = (name: string) => fileURLToPath(new URL(`../../data/${name}`, import.meta.url));
  const all = await readImages(path("digits-images-idx3-ubyte.gz"), path("digits-labels-idx1-ubyte.gz"));
  const order = gt.generator(splitSeed).permutation(all.labels.length).data;
  const seen = new Map<number, number>();
  const counts = new Map<number, number>();
  for (const label of all.labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const train: number[] = [];
  const test: number[] = [];
  for (const row of order) {
    const label = all.labels[row]!;
    const place = seen.get(label) ?? 0;
    seen.set(label, place + 1);
    (place < Math.round(testShare * counts.get(label)!) ? test : train).push(row);
  }
  const whole: Dataset = { name: "digits", classes: 10, shape: all.shape, scale: 1 / 16, train: all, test: all };
  const size = exampleSize(whole);
  return { ...whole, train: selectRows(all, size, train), test: selectRows(all, size, test) };
}

import * as gt from "gradtape";

/** Rows of one kind: `features` holds `labels.length` rows, row-major, in the units of their file. */
export interface Split {
  readonly features: Uint8Array | Float32Array;
  readonly labels: Uint8Array;
}

/** A classification problem: features to a class in `[0, classes)`. */
export interface Dataset {
  readonly name: string;
  readonly classes: number;
  /** Shape of one example: `[height, width]` for images. */
  readonly shape: readonly number[];
  /** Features are multiplied by this on their way to the model: pixels arrive in [0, 1]. */
  readonly scale: number;
  readonly train: Split;
  readonly test: Split;
}

/** Numbers in one example. */
export function exampleSize(dataset: Dataset): number {
  return dataset.shape.reduce((product, extent) => product * extent, 1);
}

/** The chosen rows, scaled, as a flat `[rows.length, exampleSize]` array that nobody else holds. */
export function takeFeatures(dataset: Dataset, split: Split, rows: ArrayLike<number>): Float32Array {
  const size = exampleSize(dataset);
  const { features } = split;
  const taken = new Float32Array(rows.length * size);
  for (let i = 0, to = 0; i < rows.length; i++) {
    const from = rows[i]! * size;
    for (let j = 0; j < size; j++) taken[to++] = features[from + j]! * dataset.scale;
  }
  return taken;
}

/** A whole split as tensors: scaled features `[rows, exampleSize]`, and labels. */
export function splitTensors(dataset: Dataset, { features, labels }: Split): readonly [gt.EagerTensor, gt.EagerTensor] {
  const scaled = new Float32Array(features.length);
  for (let i = 0; i < scaled.length; i++) scaled[i] = features[i]! * dataset.scale;
  return [gt.tensor(scaled, { shape: [labels.length, exampleSize(dataset)] }), gt.tensor(labels, { dtype: "int32" })];
}

/** A split of the chosen rows alone. */
export function selectRows(split: Split, size: number, rows: ArrayLike<number>): Split {
  const length = rows.length * size;
  const features = split.features instanceof Float32Array ? new Float32Array(length) : new Uint8Array(length);
  const labels = new Uint8Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    features.set(split.features.subarray(row * size, (row + 1) * size), i * size);
    labels[i] = split.labels[row]!;
  }
  return { features, labels };
}

/** The dataset with at most `limit` training rows, drawn by `random`. */
export function limitTraining(dataset: Dataset, limit: number, random: gt.Generator): Dataset {
  const count = dataset.train.labels.length;
  if (limit >= count) return dataset;
  const rows = random.permutation(count).data.slice(0, limit);
  return { ...dataset, train: selectRows(dataset.train, exampleSize(dataset), rows as Int32Array) };
}

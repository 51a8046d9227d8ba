import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import {
  type Embedding,
  elementwise,
  embeddings,
  type Perceptron,
  perceptrons,
  products,
  settings,
} from "./workloads.ts";

/** Where peers find workloads and data. */
export const dataFolder = new URL("../data/", import.meta.url);

/** Uniform numbers from a seed: mulberry32, small enough to be written anywhere. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Numbers = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

function perceptronData({ layers, batch }: Perceptron): Numbers[] {
  const random = randomNumbers(1234);
  const uniform = (n: number, limit: number) => Float32Array.from({ length: n }, () => (random() * 2 - 1) * limit);
  const classes = layers[layers.length - 1]!;
  const x = uniform(batch * layers[0]!, 1);
  const labels = Int32Array.from({ length: batch }, () => Math.floor(random() * classes));
  const weights = layers.slice(1).flatMap((units, i) => {
    const inputs = layers[i]!;
    return [uniform(inputs * units, Math.sqrt(6 / inputs)), new Float32Array(units)];
  });
  return [x, labels, ...weights];
}

function embeddingData({ rows, width, indices, bag, classes, sets }: Embedding): Numbers[] {
  const random = randomNumbers(4321);
  const whole = (n: number, below: number) => Int32Array.from({ length: n }, () => Math.floor(random() * below));
  const picks = whole(sets * indices, rows);
  // Every eighth index is one of 64, so that each step has duplicates.
  for (let i = 0; i < picks.length; i += 8) picks[i] = Math.floor(random() * 64);
  const limit = Math.sqrt(6 / width);
  const weights = Float32Array.from({ length: width * classes }, () => (random() * 2 - 1) * limit);
  return [picks, whole((sets * indices) / bag, classes), weights, new Float32Array(classes)];
}

/** The table of an embedding, made by the same arithmetic in every language. */
export function embeddingTable(rows: number, width: number): Float32Array<ArrayBuffer> {
  const table = new Float32Array(rows * width);
  // A loop: `from` takes seconds for a million rows.
  for (let i = 0; i < table.length; i++) table[i] = ((Math.imul(i, 2_654_435_761) >>> 8) / 16_777_216 - 0.5) * 0.1;
  return table;
}

/** Writes the workloads and their data for all peers. */
export function writeData(): void {
  mkdirSync(dataFolder, { recursive: true });
  const write = (name: string, parts: readonly Numbers[]) =>
    writeFileSync(new URL(`${name}.bin`, dataFolder), Buffer.concat(parts.map(({ buffer }) => Buffer.from(buffer))));
  for (const [name, each] of Object.entries(perceptrons)) write(name, perceptronData(each));
  for (const [name, each] of Object.entries(embeddings)) write(name, embeddingData(each));
  const all = { perceptrons, embeddings, products, elementwise, settings };
  writeFileSync(new URL("workloads.json", dataFolder), JSON.stringify(all));
}

/** Reads a file of 32-bit numbers part by part. */
export class DataReader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(name: string) {
    this.bytes = readFileSync(new URL(`${name}.bin`, dataFolder));
  }

  floats(count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.take(count));
  }

  ints(count: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.take(count));
  }

  private take(count: number): ArrayBuffer {
    const part = new Uint8Array(this.bytes.subarray(this.at, this.at + 4 * count));
    this.at += 4 * count;
    return part.buffer;
  }
}

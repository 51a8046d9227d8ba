import type * as gt from "gradtape";
import type { SlotHistogram } from "./protocol.ts";

const bins = 32;

/** What an optimizer keeps, slot by slot: the values over all weights. */
type SlotValues = ReadonlyMap<string, readonly Float32Array[]>;

/** Slots that hold the same thing under another name, so that they share a scale. */
const sameAs: Readonly<Record<string, string>> = { velocity: "rms", average_gradient: "mg" };
const scaleName = (slot: string) => sameAs[slot] ?? slot;

interface Range {
  least: number;
  most: number;
}

function slotValues(optimizer: gt.Optimizer, variables: readonly gt.Variable[]): SlotValues {
  return new Map(
    optimizer.getSlotNames().map((name) => [
      name,
      variables.flatMap((owner) => {
        const slot = optimizer.getSlot(owner, name);
        return slot === null ? [] : [slot.data as Float32Array];
      }),
    ]),
  );
}

function rangesOf(lanes: readonly SlotValues[]): Map<string, Range> {
  const ranges = new Map<string, Range>();
  for (const lane of lanes) {
    for (const [name, arrays] of lane) {
      const range = ranges.get(scaleName(name)) ?? { least: Number.POSITIVE_INFINITY, most: Number.NEGATIVE_INFINITY };
      for (const array of arrays) {
        for (const value of array) {
          range.least = Math.min(range.least, value);
          range.most = Math.max(range.most, value);
        }
      }
      ranges.set(scaleName(name), range);
    }
  }
  return ranges;
}

// Squares span many powers of ten: the smallest matter as much as the largest, down to what is as good as nothing.
const smallest = 1e-9;

function histogramOf(name: string, arrays: readonly Float32Array[], { least, most }: Range): SlotHistogram {
  const counts = new Uint32Array(bins);
  const log = least >= 0 && most > 0;
  const floor = Math.max(least, most * smallest);
  const bound = Math.max(Math.abs(least), Math.abs(most));
  const [from, to] = log ? [Math.log10(floor), Math.log10(most)] : [-bound, bound];
  for (const array of arrays) {
    for (const value of array) {
      const place = log ? Math.log10(Math.max(value, floor)) : value;
      const share = to > from ? (place - from) / (to - from) : 0.5;
      counts[Math.min(bins - 1, Math.floor(share * bins))]!++;
    }
  }
  return { name, counts, least: log ? floor : -bound, most: log ? most : bound, log };
}

/** The slots of every lane; those of one name are counted on one scale. Squares are counted by powers of ten. */
export function slotHistograms(
  lanes: readonly { readonly optimizer: gt.Optimizer; readonly variables: readonly gt.Variable[] }[],
): SlotHistogram[][] {
  const values = lanes.map(({ optimizer, variables }) => slotValues(optimizer, variables));
  const ranges = rangesOf(values);
  return values.map((lane) =>
    [...lane].map(([name, arrays]) => histogramOf(name, arrays, ranges.get(scaleName(name))!)),
  );
}

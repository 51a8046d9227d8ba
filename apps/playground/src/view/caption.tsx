import { useComputed } from "@preact/signals";
import type { Run } from "../model/run.ts";
import { trainer } from "../state.ts";
import { watched } from "./watched.ts";

const two = (value: number) => value.toFixed(2).replace("-", "−");

/** The numbers of the neuron that is looked at. */
export function Caption({ run }: { run: Run }) {
  const look = watched.value;
  const text = useComputed(() => {
    const { layer, unit } = watched.value ?? { layer: 0, unit: 0 };
    const weights = trainer.snapshot.value?.lanes[0]?.weights;
    const [kernel, bias] = [weights?.[2 * layer], weights?.[2 * layer + 1]];
    if (watched.value === null || kernel === undefined || bias?.[unit] === undefined) return "";
    const column = Array.from({ length: kernel.length / bias.length }, (_, i) => two(kernel[i * bias.length + unit]!));
    const names = layer > 0 || run.data === "digits" ? null : run.data === "words" ? ["e₁", "e₂"] : run.features;
    const told = column.slice(0, 12).map((value, i) => (names?.[i] === undefined ? value : `${names[i]} ${value}`));
    return `weights ${told.join(", ")}${column.length > 12 ? ", …" : ""}; bias ${two(bias[unit]!)}`;
  });
  return (
    <p class="caption">
      {look === null ? "Point at a neuron, or go to it with the Tab key, to see what it sees." : text}
    </p>
  );
}

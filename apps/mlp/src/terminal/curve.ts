import { plot } from "asciichart";

const labelWidth = 8;

/** Columns a curve needs at least to say anything. */
export const narrowestCurve = 24;

/**
 * The losses of a run so far as a line chart with a logarithmic axis; the full width stands for all `total` steps, so
 * the curve grows to the right as the run goes on.
 *
 * @returns `height + 1` lines, or none while there is too little to draw
 */
export function drawCurve(losses: readonly number[], total: number, columns: number, height: number): string[] {
  const width = Math.floor((columns - labelWidth - 2) * Math.min(1, losses.length / total));
  if (losses.length < 2 || width < 2) return [];
  const levels = Array.from({ length: width }, (_, column) => {
    const start = Math.floor((column * losses.length) / width);
    const end = Math.max(start + 1, Math.floor(((column + 1) * losses.length) / width));
    const sum = losses.slice(start, end).reduce((partial, loss) => partial + loss, 0);
    return Math.log(Math.max(sum / (end - start), 1e-8));
  });
  const format = (level: number) => Math.exp(level).toPrecision(2).padStart(labelWidth);
  return plot(levels, { height, format })
    .split("\n")
    .map((line) => line.trimEnd());
}

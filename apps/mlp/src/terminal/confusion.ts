import type { Colors } from "./screen.ts";

/** `counts[truth][predicted]`, from two lists of classes. */
export function confusionCounts(
  truths: ArrayLike<number>,
  predictions: ArrayLike<number>,
  classes: number,
): number[][] {
  const counts = Array.from({ length: classes }, () => Array<number>(classes).fill(0));
  for (let i = 0; i < truths.length; i++) counts[truths[i]!]![predictions[i]!]!++;
  return counts;
}

/**
 * The confusion matrix, a row for every true class, with the share of the row that was right; where the matrix does not
 * fit into `columns`, the most frequent confusions instead.
 */
export function drawConfusion(counts: readonly (readonly number[])[], columns: number, colors: Colors): string[] {
  const classes = counts.length;
  const cell = Math.max(3, ...counts.flat().map((count) => String(count).length)) + 1;
  if (6 + classes * cell + 9 > columns) return drawPairs(counts);
  const head = `${"true".padStart(5)} ${counts.map((_, k) => String(k).padStart(cell)).join("")}    right`;
  const rows = counts.map((row, truth) => {
    const sum = row.reduce((total, count) => total + count, 0);
    const cells = row.map((count, predicted) => {
      const text = (count === 0 ? "·" : String(count)).padStart(cell);
      if (predicted === truth) return colors.green(text);
      return count === 0 ? colors.dim(text) : colors.red(text);
    });
    const share = sum === 0 ? "-" : `${((100 * row[truth]!) / sum).toFixed(1)} %`;
    return `${String(truth).padStart(5)} ${cells.join("")} ${share.padStart(8)}`;
  });
  return [colors.dim(head), ...rows];
}

function drawPairs(counts: readonly (readonly number[])[]): string[] {
  const pairs = counts
    .flatMap((row, truth) => row.map((count, predicted) => ({ truth, predicted, count })))
    .filter(({ truth, predicted, count }) => truth !== predicted && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, 12);
  return pairs.map(({ truth, predicted, count }) => `true ${truth}, predicted ${predicted}: ${count} times`);
}

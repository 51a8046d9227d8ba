/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** A ratio of two things measured in the same rounds: the median of the rounds, and how far it went. */
export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** How many times as long `other` took as `own`, round by round. */
export function ratio(own: readonly number[], other: readonly number[]): Ratio | null {
  const rounds = Math.min(own.length, other.length);
  if (rounds === 0) return null;
  const each = Array.from({ length: rounds }, (_, i) => other[i]! / own[i]!);
  return { median: median(each), least: Math.min(...each), most: Math.max(...each) };
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Something measured in several rounds: the median of the rounds, and how far it went. */
export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** What was measured in each round; a round may be missing. */
export type Rounds = readonly (number | undefined)[];

/** The middle, the least and the most of what was measured; null when nothing was. */
export function spread(rounds: Rounds): Ratio | null {
  const values = rounds.filter((value) => value !== undefined);
  if (values.length === 0) return null;
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** How many times as long `other` took as `own`, round by round. */
export function ratio(own: Rounds, other: Rounds): Ratio | null {
  return spread(
    Array.from(own, (time, round) => {
      const its = other[round];
      return time === undefined || its === undefined ? undefined : its / time;
    }),
  );
}

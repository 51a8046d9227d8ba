/**
 * A namespace of operations. Names are unique in it: the second `w` becomes `w_1`.
 */
export class Graph {
  private readonly used = new Map<string, number>();

  /** `name` if it is free, else `name_1`, `name_2`, …; taken from then on. Case does not distinguish names. */
  uniqueName(name: string): string {
    const key = name.toLowerCase();
    const count = this.used.get(key);
    if (count === undefined) {
      this.used.set(key, 1);
      return name;
    }
    for (let i = count; ; i++) {
      const candidate = `${name}_${i}`;
      if (this.used.has(candidate.toLowerCase())) continue;
      this.used.set(key, i + 1);
      this.used.set(candidate.toLowerCase(), 1);
      return candidate;
    }
  }
}

const processGraph = new Graph();

/** The graph in which names are given when no other has been chosen. */
export function getDefaultGraph(): Graph {
  return processGraph;
}

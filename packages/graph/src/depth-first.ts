/** A node on the way down, and those of its needs that have not been looked at. */
interface Open<T> {
  readonly node: T;
  readonly needs: readonly T[];
  next: number;
}

/**
 * `roots` and all that they need, each once and behind what it needs, otherwise in the order in which it is named. Chains may
 * be of any length: nothing here calls itself. `circle`, when given, receives a path that leads back to its first node.
 */
export function depthFirst<T>(
  roots: Iterable<T>,
  needsOf: (node: T) => readonly T[],
  circle?: (way: readonly T[]) => void,
): T[] {
  const order: T[] = [];
  const done = new Map<T, boolean>();
  const way: Open<T>[] = [];
  const enter = (node: T) => {
    done.set(node, false);
    way.push({ node, needs: needsOf(node), next: 0 });
  };
  for (const root of roots) {
    if (!done.has(root)) enter(root);
    for (let last = way.at(-1); last !== undefined; last = way.at(-1)) {
      const { node, needs } = last;
      if (last.next === needs.length) {
        way.pop();
        done.set(node, true);
        order.push(node);
        continue;
      }
      const need = needs[last.next++]!;
      const state = done.get(need);
      if (state === undefined) enter(need);
      else if (!state) circle?.(way.map((each) => each.node).slice(way.findIndex((each) => each.node === need)));
    }
  }
  return order;
}

/** A step of a program as text or message: the names that it makes, and those that it takes. */
export interface Step {
  readonly makes: readonly string[];
  readonly takes: readonly string[];
}

/** The steps that `wanted` needs, in their order. */
export function needed<S extends Step>(steps: readonly S[], wanted: readonly string[]): S[] {
  const names = new Set(wanted);
  const kept: S[] = [];
  for (const step of [...steps].reverse()) {
    if (!step.makes.some((name) => names.has(name))) continue;
    for (const name of step.takes) names.add(name);
    kept.push(step);
  }
  return kept.reverse();
}

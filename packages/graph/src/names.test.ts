import fc from "fast-check";
import { expect, test } from "vitest";
import { Names } from "./names.ts";

/** The result of `Names`, computed by keeping every name. */
function plainNames() {
  const taken = new Set<string>();
  return (name: string) => {
    let made = name;
    for (let i = 1; taken.has(made.toLowerCase()); i++) made = `${name}_${i}`;
    taken.add(made.toLowerCase());
    return made;
  };
}

test("a name is given once, and the numbers are the lowest that are free", () => {
  const name = fc.constantFrom("w", "W", "w_1", "w_2", "w_1_1", "w_01", "w_10", "v", "w_");
  fc.assert(
    fc.property(fc.array(name, { maxLength: 40 }), (asked) => {
      const names = new Names();
      const plain = plainNames();
      for (const each of asked) expect(names.unique(each)).toBe(plain(each));
    }),
    { numRuns: 2000 },
  );
});

test("what is kept does not grow with how often a name is asked for", () => {
  const names = new Names();
  for (let i = 0; i < 20_000; i++) expect(names.unique("w/Adam")).toBe(i === 0 ? "w/Adam" : `w/Adam_${i}`);
  const [next] = Object.values(names) as [Map<string, number>];
  expect(next.size).toBe(1);
});

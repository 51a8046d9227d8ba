import { describe, expect, test } from "vitest";
import { mistakes } from "./fixtures/user-mistakes.ts";

/* What users get wrong, and what they are told: always in our words, never in those of the engine. */

/** Words of an engine that has run into something nobody looked at. */
const engine =
  /is not a function|is not iterable|Cannot (?:read|set|convert)|undefined \(reading|out of bounds|unreachable|Invalid (?:array|typed array) length|Maximum call stack|Unexpected token/;

for (const [area, list] of Object.entries(mistakes)) {
  describe(area, () => {
    test.each(list)("%s", (_, make, error, says) => {
      let thrown: unknown = null;
      try {
        make();
      } catch (caught) {
        thrown = caught;
      }
      expect(thrown).toBeInstanceOf(error);
      const { message } = thrown as Error;
      expect(message).toContain(says);
      expect(message).not.toMatch(engine);
    });
  });
}

test("at least eighty of them", () => {
  expect(Object.values(mistakes).flat().length).toBeGreaterThanOrEqual(80);
});

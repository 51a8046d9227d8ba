import fc from "fast-check";
import { expect, test } from "vitest";
import { ALIGNMENT, Allocator } from "./allocator.ts";

test("areas never overlap, whatever is taken back in between, and everything comes back in the end", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ size: fc.nat(1000), give: fc.nat(9), back: fc.boolean() })), (steps) => {
      const memory = new Allocator(100);
      const areas: { at: number; size: number }[] = [];
      for (const { size, give, back } of steps) {
        if (back && areas.length > 0) memory.release(areas.splice(give % areas.length, 1)[0]!.at);
        else {
          const at = memory.allocate(size);
          expect(at % ALIGNMENT).toBe(0);
          expect(at).toBeGreaterThanOrEqual(100);
          expect(at + size).toBeLessThanOrEqual(memory.end);
          for (const other of areas) expect(at >= other.at + other.size || at + size <= other.at).toBe(true);
          areas.push({ at, size: Math.max(1, size) });
        }
      }
      for (const { at } of areas) memory.release(at);
      expect(memory.end).toBe(128);
      expect(() => memory.release(128)).toThrow(RangeError);
    }),
  );
});

import { describe, expect, test } from "vitest";
import { OpenExtents } from "./open-extents.ts";

describe("numbers that stand for open extents", () => {
  const open = new OpenExtents();
  const batch = open.make("batch");
  const rows = open.make("rows", 12);

  test("are known again, and multiples of them", () => {
    expect(open.get(batch)).toEqual({ name: "batch" });
    expect(open.get(24 * batch)).toEqual({ name: "24*batch", base: batch, factor: 24 });
    expect(open.get(3 * rows)).toEqual({ name: "3*rows", base: rows, factor: 3, bound: 36 });
  });

  test("are no plain numbers", () => {
    for (const plain of [0, 1, 784, 1_000_000]) {
      expect(open.isOpen(plain)).toBe(false);
      expect(open.isLost(plain)).toBe(false);
    }
    expect(open.anyOpen([784, batch])).toBe(true);
    expect(new OpenExtents().isOpen(10 ** 9)).toBe(false);
  });

  test("get lost where only a run can tell what they come to", () => {
    for (const lost of [batch + 1, batch - 1, batch + rows, batch * rows, batch * batch]) {
      expect(open.isOpen(lost)).toBe(true);
      expect(open.isLost(lost)).toBe(true);
    }
  });

  test("divide as extents are divided", () => {
    for (const divisor of [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 24]) expect(batch % divisor).toBe(0);
  });
});

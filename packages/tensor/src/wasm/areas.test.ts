import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Area, Areas } from "./areas.ts";

const MB = 2 ** 20;

/** A memory of up to `most` bytes in which only sizes are real. */
function memory(most: number) {
  let size = 0;
  const areas = new Areas(
    () => size,
    (end) => {
      if (end > most) return false;
      size = Math.max(size, end);
      return true;
    },
  );
  return { areas, size: () => size };
}

/** An area with a place; `null` where there is none. */
function lease(areas: Areas, bytes: number, leave: () => void = () => {}): Area | null {
  const area = Object.assign(new Area(bytes), { leave });
  return areas.lease(area) ? area : null;
}

describe("areas", () => {
  test("never overlap, and none that is in use is taken back", () => {
    const step = fc.record({ bytes: fc.nat(400), begins: fc.boolean(), touched: fc.nat(20), ended: fc.nat(60) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { areas } = memory(4096);
        const live: Area[] = [];
        let used = new Set<Area>();
        for (const { bytes, begins, touched, ended } of steps) {
          if (begins) {
            areas.begin();
            used = new Set();
          }
          const known = live[touched];
          if (known !== undefined && known.at >= 0) {
            known.used = areas.time;
            used.add(known);
          }
          if (live[ended] !== undefined && !used.has(live[ended])) areas.end(live[ended]);
          const area = lease(areas, bytes);
          if (area !== null) {
            live.push(area);
            used.add(area);
          }
          for (const each of used) expect(each.at).toBeGreaterThanOrEqual(64);
          const present = live.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at);
          present.forEach((each, i) => {
            const next = present[i + 1];
            expect(each.at % 64).toBe(0);
            if (next !== undefined) expect(each.at + each.bytes).toBeLessThanOrEqual(next.at);
          });
        }
      }),
    );
  });

  test("the ones used least recently give way, and may bring out what they hold before", () => {
    const { areas } = memory(1024 + 64);
    const left: number[] = [];
    const all = [0, 1, 2, 3].map((i) => {
      areas.begin();
      return lease(areas, 256, () => left.push(i))!;
    });
    areas.begin();
    all[0]!.used = areas.time;
    expect(lease(areas, 512)!.at).toBeGreaterThan(0);
    expect(left).toEqual([1, 2]);
    expect(all.map(({ at }) => at < 0)).toEqual([false, true, true, false]);
    expect(lease(areas, 2048)).toBeNull(); // what is in use stays, whatever is asked for
    expect(all[0]!.at).toBeGreaterThan(0);
  });

  test("what is reserved stays", () => {
    const { areas } = memory(512);
    const fixed = new Area(128);
    expect(areas.reserve(fixed)).toBe(true);
    areas.begin();
    areas.takeBack(areas.time);
    expect(lease(areas, 512)).toBeNull();
    expect(fixed.at).toBeGreaterThan(0);
  });

  test("a loop that drops what it makes lives in little memory, without finalizers", () => {
    const { areas, size } = memory(2 ** 32);
    let left = 0;
    for (let i = 0; i < 2000; i++) {
      areas.begin();
      lease(areas, 8 * MB, () => left++);
    }
    expect(size()).toBeLessThanOrEqual(600 * MB);
    expect(left).toBeGreaterThan(1900);
  });

  test("what is used again and again is not taken for dead", () => {
    const { areas } = memory(2 ** 32);
    const model = Array.from({ length: 100 }, () => lease(areas, 8 * MB)!);
    for (let i = 0; i < 1000; i++) {
      areas.begin();
      for (const area of model) area.used = areas.time;
      lease(areas, 4 * MB);
    }
    expect(model.every(({ at }) => at > 0)).toBe(true);
  });
});

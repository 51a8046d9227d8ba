import fc from "fast-check";
import { expect, test } from "vitest";
import { InvalidArgumentError } from "../errors.ts";
import { fromData } from "../tensor.ts";
import { program } from "./program.ts";
import * as k from "./scalar.ts";
import { update, updateRows } from "./update.ts";

const floats = (...shape: number[]) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return fc
    .array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: size, maxLength: size })
    .map((values) => fromData("float32", shape, Float32Array.from(values)));
};

/** A velocity that decays and takes up a gradient, a position that follows: two states, one gradient, one rate. */
const descent = program(["float32", "float32", "float32", "float32"], (x, v, rate, g) => {
  const velocity = k.add(k.mul(v, 0.5), g);
  return [k.sub(x, k.mul(rate, velocity)), velocity];
});
const step = (x: number, v: number, rate: number, g: number): [number, number] => {
  const velocity = Math.fround(Math.fround(v * 0.5) + g);
  return [Math.fround(x - Math.fround(rate * velocity)), velocity];
};

test("update changes every element of the states in place; the other operands are repeated to their shape", () => {
  fc.assert(
    fc.property(floats(3, 2), floats(3, 2), floats(), floats(2), (x, v, rate, g) => {
      const expected = Array.from(x.data, (value, i) => step(value, v.data[i]!, rate.data[0]!, g.data[i % 2]!));
      const memory = [x.buffer, v.buffer];
      expect(update(descent).run([x, v, rate, g], [])).toEqual([]);
      expect([...x.data]).toEqual(expected.map(([position]) => position));
      expect([...v.data]).toEqual(expected.map(([, velocity]) => velocity));
      expect([x.buffer, v.buffer]).toEqual(memory);
    }),
  );
});

test("updateRows touches the named rows, one after the other in the order named, and no others", () => {
  const rows = fc.array(fc.nat(4), { maxLength: 6 });
  const cases = rows.chain((list) =>
    fc.tuple(fc.constant(list), floats(5, 2), floats(5, 2), floats(), floats(list.length, 2)),
  );
  fc.assert(
    fc.property(cases, ([list, x, v, rate, g]) => {
      const [positions, velocities] = [x.data.slice(), v.data.slice()];
      list.forEach((row, i) => {
        for (let j = 0; j < 2; j++) {
          const at = 2 * row + j;
          [positions[at], velocities[at]] = step(positions[at]!, velocities[at]!, rate.data[0]!, g.data[2 * i + j]!);
        }
      });
      updateRows("scatter", descent).run([x, v, rate, g, fromData("int32", [list.length], Int32Array.from(list))], []);
      expect([x.data, v.data]).toEqual([positions, velocities]);
    }),
  );
});

test("an index out of range is an error before anything is written", () => {
  const add = program(["float32", "float32"], (x, g) => k.add(x, g));
  const x = fromData("float32", [2, 1], Float32Array.of(1, 2));
  const run = () =>
    updateRows("scatterAdd", add).run(
      [x, fromData("float32", [2, 1], Float32Array.of(5, 5)), fromData("int32", [2], Int32Array.of(0, 2))],
      [],
    );
  expect(run).toThrow(InvalidArgumentError);
  expect(run).toThrow("scatterAdd: indices[1] = 2 is out of range; expected 0 to 1 (2 rows)");
  expect([...x.data]).toEqual([1, 2]);
});

import fc from "fast-check";
import ndarray from "ndarray";
import { describe, expect, test } from "vitest";
import type { TypedData } from "../dtype.ts";
import { ValueError } from "../errors.ts";
import { tensor } from "../literal.ts";
import { generator } from "../random/generator.ts";
import type { EagerTensor, Tensor } from "../tensor.ts";
import { dataset } from "./dataset.ts";
import type { DatasetOptions } from "./options.ts";
import type { DatasetState } from "./state.ts";

/** A source whose example `i` is the number `i`. */
const numbered = (examples: number) => Int32Array.from({ length: examples }, (_, i) => i);
const values = (batches: Iterable<Tensor>) => [...batches].map(({ data }) => Array.from(data));
const take = <B>(batches: Iterable<B>, count: number): B[] => {
  const taken: B[] = [];
  if (count === 0) return taken;
  for (const batch of batches) if (taken.push(batch) === count) break;
  return taken;
};

const options = fc.record({
  batch: fc.integer({ min: 1, max: 12 }),
  shuffle: fc.boolean(),
  seed: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  repeat: fc.integer({ min: 1, max: 3 }),
});
const lengths = fc.integer({ min: 1, max: 40 });

describe("laws", () => {
  test("every example comes exactly once in every epoch, in order unless shuffled", () => {
    fc.assert(
      fc.property(lengths, options, (n, given) => {
        const all = numbered(n);
        const data = dataset(all, given);
        const batches = values(data);
        expect(batches).toHaveLength(data.size * given.repeat);
        for (let epoch = 0; epoch < given.repeat; epoch++) {
          const drawn = batches.slice(epoch * data.size, (epoch + 1) * data.size);
          const short = n % given.batch;
          expect(drawn.map((rows) => rows.length)).toEqual([
            ...Array<number>(Math.floor(n / given.batch)).fill(given.batch),
            ...(short === 0 ? [] : [short]),
          ]);
          const order = drawn.flat();
          expect(given.shuffle ? order.sort((a, b) => a - b) : order).toEqual([...all]);
        }
      }),
    );
  });

  test("the order follows from seed and epoch alone: that of the generator split so often", () => {
    fc.assert(
      fc.property(lengths, options, (n, given) => {
        const seeds = generator(given.seed);
        const orders = Array.from({ length: given.repeat }, () => [...seeds.split().permutation(n).data]);
        expect(values(dataset(numbered(n), { ...given, shuffle: true })).flat()).toEqual(orders.flat());
      }),
    );
  });

  test("a state taken anywhere, through JSON, goes on with the same batches", () => {
    fc.assert(
      fc.property(lengths, options, fc.nat(30), fc.boolean(), (n, given, before, seeded) => {
        const original = dataset(numbered(n), { ...given, repeat: Number.POSITIVE_INFINITY });
        take(original, before);
        const state = JSON.parse(JSON.stringify(original.state)) as DatasetState;
        const seed = seeded ? given.seed : undefined;
        const resumed = dataset(numbered(n), { ...given, seed, repeat: Number.POSITIVE_INFINITY });
        take(resumed, 3);
        resumed.restore(state);
        expect(resumed.state).toEqual(original.state);
        expect(values(take(resumed, 20))).toEqual(values(take(original, 20)));
      }),
    );
  });

  test("a resumed loop ends where the interrupted one would have", () => {
    fc.assert(
      fc.property(lengths, options, fc.nat(30), (n, given, before) => {
        const whole = values(dataset(numbered(n), given));
        const original = dataset(numbered(n), given);
        const first = values(take(original, Math.min(before, whole.length - 1)));
        expect([...first, ...values(original)]).toEqual(whole);
      }),
    );
  });

  test("with prefetch the same batches come from memory used again, valid until so many more are drawn", () => {
    fc.assert(
      fc.property(lengths, options, fc.integer({ min: 1, max: 4 }), (n, given, prefetch) => {
        const kept: Tensor[] = [];
        const expected = values(dataset(numbered(n), given));
        let drawn = 0;
        for (const batch of dataset(numbered(n), { ...given, prefetch })) {
          kept.push(batch);
          drawn++;
          const valid = kept.slice(-(prefetch + 1));
          expect(values(valid)).toEqual(expected.slice(drawn - valid.length, drawn));
        }
        expect(drawn).toBe(expected.length);
        expect(new Set(kept.map(({ data }) => data.buffer)).size).toBeLessThanOrEqual(prefetch + 1);
      }),
    );
  });

  test("rows of any width and dtype are copied bit by bit, NaNs and all", () => {
    const widths = fc.constantFrom(0, 1, 3, 4, 7, 31, 63, 64, 65, 100);
    fc.assert(
      fc.property(widths, options, fc.constantFrom("float32", "float64", "int32"), (width, given, dtype) => {
        const n = 9;
        const bytes = Uint8Array.from({ length: n * width * 8 }, (_, i) => (i * 151) % 256);
        const array = { float32: Float32Array, float64: Float64Array, int32: Int32Array }[dtype];
        const all: TypedData = new array(bytes.buffer, 0, n * width);
        const rows = ndarray(all, [n, width]);
        const data = dataset([numbered(n), rows], given);
        for (const [ids, x] of data) {
          expect([x.dtype, x.shape]).toEqual([dtype, [ids.size, width]]);
          const expected = Array.from(ids.data, (id) => bitsOf(all.subarray(id * width, (id + 1) * width)));
          expect(bitsOf(x.data)).toEqual(expected.flat());
        }
      }),
    );
  });
});

const bitsOf = (data: TypedData) => [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];

describe("sources", () => {
  const x = tensor([1, 2, 3, 4, 5, 6], { shape: [3, 2] });
  const y = [true, false, true];

  test("a list, an object and a tensor give batches of their kind", () => {
    const [[first, label]] = take(dataset([x, y], { batch: 2 }), 1) as [[EagerTensor, EagerTensor]];
    expect([first.array(), label.array(), label.dtype]).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      [true, false],
      "bool",
    ]);
    const named = [...dataset({ x, y }, { batch: 2 })];
    expect(named.map((batch) => [batch.x.shape, batch.y.shape])).toEqual([
      [[2, 2], [2]],
      [[1, 2], [1]],
    ]);
    expect([...dataset(x, { batch: 3 })][0]!.array()).toEqual(x.array());
  });

  test("strided ndarrays and bytes are read as tensors read them", () => {
    const turned = ndarray(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]).transpose(1, 0);
    expect([...dataset(turned, { batch: 3 })][0]!.array()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect([...dataset(Uint8Array.of(7, 8), { batch: 2 })][0]!.dtype).toBe("float32");
  });

  test("fresh batches share no memory, with each other or with the source", () => {
    const source = numbered(4);
    const batches = [...dataset(ndarray(source, [4]), { batch: 2 })];
    source.fill(9);
    expect(values(batches)).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });
});

describe("the loop", () => {
  test("each loop is a new epoch with a new order; without a seed datasets differ", () => {
    const data = dataset(numbered(50), { batch: 10, shuffle: true });
    const [first, second] = [values(data), values(data)];
    expect(second).not.toEqual(first);
    expect(values(dataset(numbered(50), { batch: 10, shuffle: true }))).not.toEqual(first);
    expect(data.state).toMatchObject({ epoch: 2, position: 0, examples: 50 });
  });

  test("two loops at once share the epoch: each batch goes to one, and both end with it", () => {
    const data = dataset(numbered(6), { batch: 1 });
    const [a, b] = [data[Symbol.iterator](), data[Symbol.iterator]()];
    const one = (loop: Iterator<Tensor>) => loop.next().value?.item();
    expect([one(a), one(b), one(b), one(a), ...values(b).flat(), one(a), one(b), one(a)]).toEqual([
      ...[0, 1, 2, 3, 4, 5],
      ...[undefined, undefined, undefined],
    ]);
    expect(data.state).toMatchObject({ epoch: 1, position: 0 });
    expect(values(data).flat()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("the remainder is dropped when asked for, and never holds up the next epoch", () => {
    const data = dataset(numbered(7), { batch: 3, repeat: 2, dropRemainder: true });
    expect(data.size).toBe(2);
    const epoch = [
      [0, 1, 2],
      [3, 4, 5],
    ];
    expect(values(data)).toEqual([...epoch, ...epoch]);
    data.restore({ epoch: 0, position: 6, examples: 7, key: null });
    expect(data.state).toMatchObject({ epoch: 1, position: 0 });
  });

  test("a state may be taken up with another batch size", () => {
    const [small, large] = [2, 5].map((batch) => dataset(numbered(11), { batch, shuffle: true, seed: 3 }));
    const all = values(large!).flat();
    large!.restore({ ...large!.state, epoch: 0 });
    const first = values(take(small!, 2)).flat();
    large!.restore(small!.state);
    expect([...first, ...values(large!).flat()]).toEqual(all);
  });

  test("short batches in used memory have the length asked for after a restore, too", () => {
    const data = dataset(numbered(7), { batch: 4, prefetch: 1 });
    const lengthsOf = () => Array.from(data, ({ size }) => size);
    expect(lengthsOf()).toEqual([4, 3]);
    data.restore({ ...data.state, position: 5 });
    expect(lengthsOf()).toEqual([2]);
    expect(lengthsOf()).toEqual([4, 3]);
  });
});

describe("mistakes", () => {
  const x = numbered(4);
  const wrong = (given: unknown) => () => dataset(x, given as DatasetOptions);

  test.each<[string, unknown, string]>([
    ["no options", undefined, "dataset: expected options, got undefined; give at least { batch }"],
    ["no batch", {}, "dataset: batch is undefined; use an integer of at least 1"],
    ["batch 0", { batch: 0 }, "dataset: batch 0 cannot be used; use an integer of at least 1"],
    ["batch 1.5", { batch: 1.5 }, "dataset: batch 1.5 cannot be used; use an integer of at least 1"],
    ["repeat 0", { batch: 1, repeat: 0 }, "dataset: repeat 0 cannot be used; use an integer of at least 1"],
    ["prefetch -1", { batch: 1, prefetch: -1 }, "dataset: prefetch -1 cannot be used; use an integer of at least 0"],
    ["shuffle 1", { batch: 1, shuffle: 1 }, "dataset: shuffle is the number 1; use true or false"],
    ["seed 0.5", { batch: 1, seed: 0.5 }, "dataset: 0.5 is not a seed; use an integer from 0 to 2^53 - 1"],
    ["seed text", { batch: 1, seed: "7" }, "dataset: a seed is a number, got the string"],
    ["a typing error", { batch: 1, shufle: true }, 'dataset: there is no option "shufle"; did you mean shuffle?'],
    [
      "nothing left",
      { batch: 5, dropRemainder: true },
      "dataset: 4 examples do not fill a batch of 5, and the remainder is dropped; use a smaller batch",
    ],
  ])("options: %s", (_, given, message) => {
    expect(wrong(given)).toThrow(message);
  });

  test.each<[string, unknown, string]>([
    ["ragged list", [x, [1, 2]], "dataset: the numbers of examples differ, source 0 has 4, source 1 has 2; give first"],
    [
      "ragged object",
      { x, y: [1] },
      "dataset: the numbers of examples differ, x has 4, y has 1; give first axes of the",
    ],
    ["empty", [new Float32Array(0)], "dataset: the sources have no examples; give at least one"],
    ["no source", [], "dataset: no sources; give a tensor, or a list or an object of them"],
    ["a number", 3, "dataset: the source is a single value; give tensors with a first axis"],
    ["nested arrays", [1, 2], "dataset: source 0 is a single value;"],
    ["text", "mnist", 'dataset: cannot make a tensor of the string "mnist"; use numbers'],
    ["null", null, "dataset: cannot make a tensor of null"],
    ["a ragged source", { x: [[1, 2], [3]] }, "dataset: the nested array is ragged on axis 1"],
  ])("sources: %s", (_, sources, message) => {
    expect(() => dataset(sources as Tensor, { batch: 1 })).toThrow(message);
  });

  test.each<[string, object, unknown, string]>([
    [
      "nothing",
      {},
      undefined,
      "restore: not the state of a dataset: undefined; use one that `state` of a dataset gave",
    ],
    ["half", {}, { epoch: 0, position: 0, examples: 4 }, "restore: not the state of a dataset: {"],
    ["beyond", {}, { epoch: 0, position: 5, examples: 4, key: null }, "restore: not the state of a dataset: {"],
    [
      "other sources",
      {},
      { epoch: 0, position: 0, examples: 5, key: null },
      "restore: the state is that of a dataset of 5 examples, this one has 4; make it from the same sources",
    ],
    [
      "shuffled",
      {},
      { epoch: 0, position: 0, examples: 4, key: [1, 2] },
      "restore: the state is that of a dataset shuffled, this one is in order; make it with shuffle: true",
    ],
    [
      "another seed",
      { shuffle: true, seed: 2 },
      { epoch: 0, position: 0, examples: 4, key: [1, 0] },
      "restore: the state is that of a dataset with another seed; make this one with the same seed, or without one",
    ],
  ])("states: %s", (_, given, state, message) => {
    const data = dataset(x, { batch: 1, ...given });
    const before = data.state;
    expect(() => data.restore(state as DatasetState)).toThrow(message);
    expect(() => data.restore(state as DatasetState)).toThrow(ValueError);
    expect(data.state).toEqual(before);
  });
});

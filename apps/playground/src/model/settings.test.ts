import fc from "fast-check";
import { expect, test } from "vitest";
import { packPoints } from "../data/points.ts";
import { optimizers } from "./optimizer-list.ts";
import { chooseOptimizer } from "./optimizers.ts";
import { defaultRun } from "./presets.ts";
import { activations, dataKinds, embeddings, featureNames, losses, type Run, regularizations } from "./run.ts";
import { defaultSettings, looks, readSettings, type Settings, speeds, tabs, writeSettings } from "./settings.ts";

const optimizer = fc
  .constantFrom(...optimizers)
  .chain(({ kind, parameters }) =>
    fc
      .record(
        Object.fromEntries(
          parameters.map(({ name, default: usual, least = 0, most = 1 }) => [
            name,
            typeof usual === "boolean"
              ? fc.boolean()
              : fc.double({ min: least, max: most, noNaN: true }).map((x) => x + 0),
          ]),
        ),
      )
      .map((values) => chooseOptimizer(kind, values)),
  );

const run: fc.Arbitrary<Run> = fc.record({
  data: fc.constantFrom(...dataKinds),
  count: fc.integer({ min: 20, max: 2000 }),
  noise: fc.integer({ min: 0, max: 100 }).map((n) => n / 100),
  testPercent: fc.integer({ min: 10, max: 90 }),
  seed: fc.integer({ min: 0, max: 999_999_999 }),
  names: fc.constantFrom([], ["setosa", "a, b", "100 % & more", "größer"]),
  own: fc.constantFrom("", packPoints({ classes: 2, points: [{ x: 1, y: -1, target: 1 }] })),
  features: fc.subarray([...featureNames], { minLength: 1 }),
  layers: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 6 }),
  activation: fc.constantFrom(...activations),
  loss: fc.constantFrom(...losses),
  regularization: fc.constantFrom(...regularizations),
  regularizationRate: fc.double({ min: 0, max: 10, noNaN: true }).map((x) => x + 0),
  batch: fc.integer({ min: 1, max: 256 }),
  embedding: fc.constantFrom(...embeddings),
  optimizer,
});

const anySettings: fc.Arbitrary<Settings> = fc.record({
  tab: fc.constantFrom(...tabs),
  speed: fc.record({ train: fc.constantFrom(...speeds), race: fc.constantFrom(...speeds) }),
  train: run,
  race: fc.record({
    run,
    runners: fc.array(fc.record({ optimizer, embedding: fc.constantFrom(...embeddings) }), {
      minLength: 2,
      maxLength: 4,
    }),
  }),
  inside: fc.record({ look: fc.constantFrom(...looks), program: fc.string({ unit: "grapheme" }) }),
});

test("the address holds everything that is set", () => {
  fc.assert(
    fc.property(anySettings, (settings) => {
      const text = writeSettings(settings);
      expect(text).toMatch(/^[\x21-\x7e]*$/);
      expect(readSettings(text, defaultSettings)).toEqual({ settings, problems: [] });
    }),
  );
});

test("what is at its default is left out", () => {
  expect(writeSettings(defaultSettings)).toBe("");
  expect(readSettings("", defaultSettings)).toEqual({ settings: defaultSettings, problems: [] });
});

test("any text gives settings that can be used; what is wrong stays as it was", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webFragments()), (text) => {
      const { settings } = readSettings(text, defaultSettings);
      expect(readSettings(writeSettings(settings), defaultSettings).settings).toEqual(settings);
    }),
  );
  const before: Settings = { ...defaultSettings, train: { ...defaultRun, batch: 64, layers: [3] } };
  const { settings, problems } = readSettings("data=xor&batch=1e9&layers=1,2,x&optimizer=adam:beta3=1&loss", before);
  expect(settings.train).toMatchObject({ data: "xor", batch: 64, layers: [3], optimizer: defaultRun.optimizer });
  expect(problems).toEqual([
    "batch is “1e9”; expected a whole number from 1 to 256.",
    "layers is “1,2,x”; expected at most 6 layers of 1 to 12 neurons, as in 8,8, or none.",
    "optimizer is “adam:beta3=1”; expected parameters of Adam: learningRate, beta1, beta2, epsilon.",
    "loss is “”; expected one of cross entropy, hinge, squared, absolute, huber.",
  ]);
});

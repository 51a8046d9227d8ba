import {
  Graph,
  gather,
  globalVariablesInitializer,
  matMul,
  mul,
  placeholder,
  Session,
  sub,
  sum,
  Variable,
} from "@gradtape/graph";
import {
  AdagradOptimizer,
  AdamOptimizer,
  cosineDecay,
  MomentumOptimizer,
  type Optimizer,
  RMSPropOptimizer,
  RMSprop,
} from "@gradtape/optimizers";
import {
  crc32c,
  dataset,
  FailedPreconditionError,
  generator,
  InvalidArgumentError,
  loadSafetensors,
  saveSafetensors,
  type Tensor,
  tensor,
  ValueError,
} from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import { Checkpoint } from "./checkpoint.ts";
import type { Savable } from "./savable.ts";

/* A small run: an embedding and a matrix, batches in random order, noise from a generator, a rate that follows the step. */

const examples = tensor([...Array(30).keys()], { dtype: "int32" });

interface Run {
  readonly checkpoint: Checkpoint;
  step(): void;
  state(): unknown;
}

const family: Record<string, (step: Variable) => Optimizer> = {
  RMSProp: (step) => new RMSPropOptimizer(cosineDecay(0.1, step, 40), { momentum: 0.5, centered: true }),
  Adam: () => new AdamOptimizer(0.01),
  Momentum: () => new MomentumOptimizer(0.1, 0.9),
  Adagrad: () => new AdagradOptimizer(0.1),
  Keras: () => new RMSprop({ momentum: 0.5 }),
};

function variables() {
  const random = generator(5);
  return {
    table: new Variable(random.normal([30, 2]), { name: "table" }),
    w: new Variable(random.normal([2, 3]), { name: "w" }),
    globalStep: new Variable(0, { name: "globalStep", dtype: "int32", trainable: false }),
  };
}

function batches() {
  const data = dataset(examples, { batch: 4, shuffle: true, seed: 3 });
  let loop = data[Symbol.iterator]();
  const next = (): Tensor => {
    const { done, value } = loop.next();
    if (!done) return value;
    loop = data[Symbol.iterator]();
    return next();
  };
  return { data, next };
}

const loss = (ids: Tensor, noise: Tensor, { table, w }: ReturnType<typeof variables>) => {
  const off = sub(matMul(gather(table, ids), w), noise);
  return sum(mul(off, off));
};

const counting = (name: string, globalStep: Variable) => (name === "Keras" ? {} : { globalStep });

function eagerRun(name: string, group = (all: Record<string, Savable>) => all): Run {
  const own = variables();
  const optimizer = family[name]!(own.globalStep);
  const random = generator(9);
  const { data, next } = batches();
  const model = { table: own.table, w: own.w };
  return {
    checkpoint: new Checkpoint(group({ model, optimizer, globalStep: own.globalStep, random, data })),
    step() {
      const [ids, noise] = [next(), random.normal([3])];
      const varList = [own.table, own.w];
      optimizer.minimize(() => loss(ids, noise, own), { varList, ...counting(name, own.globalStep) });
    },
    state: () => [Object.values(own).map((each) => [...each.data]), random.state, data.state],
  };
}

function sessionRun(name: string): Run {
  const graph = new Graph();
  return graph.asDefault(() => {
    const own = variables();
    const optimizer = family[name]!(own.globalStep);
    const random = generator(9);
    const { data, next } = batches();
    const [ids, noise] = [placeholder("int32", [null]), placeholder("float32", [3])];
    const varList = [own.table, own.w];
    const train = optimizer.minimize(loss(ids, noise, own), { varList, ...counting(name, own.globalStep) });
    const session = new Session({ graph });
    session.run(globalVariablesInitializer());
    const group = { model: { table: own.table, w: own.w }, optimizer, globalStep: own.globalStep, random, data };
    return {
      checkpoint: new Checkpoint(group, { session }),
      step() {
        const feeds = [next(), random.normal([3])];
        session.run(train!, [
          [ids, feeds[0]!],
          [noise, feeds[1]!],
        ]);
      },
      state: () => [
        (session.run(Object.values(own)) as Tensor[]).map(({ data }) => [...data]),
        random.state,
        data.state,
      ],
    };
  });
}

const steps = (run: Run, count: number) => {
  for (let i = 0; i < count; i++) run.step();
  return run.state();
};

describe("a run goes on with the same bits", () => {
  for (const name of Object.keys(family)) {
    test(`${name}: eagerly, in a session, and from one to the other`, () => {
      const original = eagerRun(name);
      steps(original, 11);
      const saved = original.checkpoint.save();
      const expected = steps(original, 9);

      const resumed = eagerRun(name);
      const report = resumed.checkpoint.restore(saved);
      expect([report.missing, report.unexpected, report.mismatched]).toEqual([[], [], []]);
      expect(steps(resumed, 9)).toEqual(expected);
      resumed.checkpoint.restore(saved); // over slots that exist
      expect(steps(resumed, 9)).toEqual(expected);

      const inSession = sessionRun(name);
      steps(inSession, 11);
      expect(inSession.checkpoint.save()).toEqual(saved);
      steps(inSession, 2);
      inSession.checkpoint.restore(saved);
      expect(steps(inSession, 9)).toEqual(expected);
    });
  }

  test("before the first step too, when there are no slots", () => {
    const original = eagerRun("Adam");
    const saved = original.checkpoint.save();
    const expected = steps(original, 5);
    const resumed = eagerRun("Adam");
    resumed.checkpoint.restore(saved);
    expect(steps(resumed, 5)).toEqual(expected);
  });

  test("through a Blob", async () => {
    const original = eagerRun("RMSProp");
    steps(original, 3);
    const resumed = eagerRun("RMSProp");
    await resumed.checkpoint.restoreBlob(original.checkpoint.saveBlob());
    expect(steps(resumed, 4)).toEqual(steps(original, 4));
  });
});

describe("the file", () => {
  test("is a safetensors file, with slots by optimizer, variable and slot", () => {
    const run = eagerRun("Adam");
    steps(run, 2);
    const { tensors } = loadSafetensors(run.checkpoint.save());
    expect(Object.keys(tensors).sort()).toEqual([
      "globalStep",
      "model/table",
      "model/w",
      "optimizer/beta1_power",
      "optimizer/beta2_power",
      "optimizer/model/table/m",
      "optimizer/model/table/v",
      "optimizer/model/w/m",
      "optimizer/model/w/v",
    ]);
    expect(tensors.globalStep!.item()).toBe(2);
  });

  test("lists go by the names of variables, maps and records by their keys, tied weights by the first", () => {
    const [a, b] = [new Variable(1, { name: "a" }), new Variable([2, 3], { name: "deep/b" })];
    const checkpoint = new Checkpoint({ list: [a, b], map: new Map([["x", new Variable(4)]]), tied: { a } });
    expect(Object.keys(loadSafetensors(checkpoint.save()).tensors).sort()).toEqual(["list/a", "list/deep/b", "map/x"]);
  });

  test("any bit that flips is found, and where it is a tensor's, the tensor is named", () => {
    const run = eagerRun("RMSProp");
    steps(run, 1);
    const saved = run.checkpoint.save();
    const before = run.state();
    for (let at = 0; at < saved.length; at += at < 4000 ? 3 : 17) {
      const copy = saved.slice();
      copy[at]! ^= 1 << (at % 8);
      expect(() => run.checkpoint.restore(copy), `byte ${at}`).toThrow(InvalidArgumentError);
    }
    const copy = saved.slice();
    copy[copy.length - 1]! ^= 1;
    expect(() => run.checkpoint.restore(copy)).toThrow(
      /restore: tensor "[^"]+" \((int32|float32) \[.*\]\) does not have the checksum it was saved with; the checkpoint is damaged/,
    );
    expect(() => run.checkpoint.restore(saved.subarray(0, saved.length - 9))).toThrow(/tensor "[^"]+" ends at byte/);
    expect(run.state()).toEqual(before);
  });
});

describe("what does not fit", () => {
  const one = () => ({ w: new Variable([1, 2]), b: new Variable(3), random: generator(1) });

  test("is refused as a whole, and all of it is named", () => {
    const saved = new Checkpoint(one()).save();
    const w = new Variable([7, 8, 9]);
    const run = { w, c: new Variable(5), b: new Variable(4) };
    expect(() => new Checkpoint(run).restore(saved)).toThrow(
      "restore: the checkpoint does not fit the run: w is float32 [3], the checkpoint has float32 [2]; " +
        "missing from it: c; only in it: random; make the run as it was saved, or restore with partial: true",
    );
    expect([w.array(), run.b.item()]).toEqual([[7, 8, 9], 4]);
  });

  test("partial takes what fits and reports the rest", () => {
    const run = { w: new Variable([7, 8, 9]), c: new Variable(5), b: new Variable(4) };
    expect(new Checkpoint(run).restore(new Checkpoint(one()).save(), { partial: true })).toEqual({
      restored: ["b"],
      missing: ["c"],
      unexpected: ["random"],
      mismatched: [{ name: "w", expected: "float32 [3]", found: "float32 [2]" }],
    });
    expect([run.w.array(), run.c.item(), run.b.item()]).toEqual([[7, 8, 9], 5, 3]);
  });

  test("a state that its owner refuses changes nothing, not even the states before it", () => {
    const parts = (rows: number) => ({
      w: new Variable([rows]),
      random: generator(rows),
      data: dataset(examples.data.slice(0, rows) as Int32Array, { batch: 2, shuffle: true }),
    });
    const saved = new Checkpoint(parts(8)).save();
    const run = parts(6);
    const before = run.random.state;
    expect(() => new Checkpoint(run).restore(saved)).toThrow("the state is that of a dataset of 8 examples");
    expect([run.random.state, run.w.array()]).toEqual([before, [6]]);
  });

  test("a refused restore makes no slots", () => {
    const w = new Variable([1, 2], { name: "w" });
    const optimizer = new AdamOptimizer(0.1);
    optimizer.minimize(() => mul(w, w), { varList: [w] });
    const saved = new Checkpoint({ optimizer, w }).save();
    const other = new AdamOptimizer(0.1);
    const fits = { optimizer: other, w: new Variable([3, 4]) };
    expect(() => new Checkpoint({ ...fits, w: new Variable([1, 2, 3]) }).restore(saved)).toThrow(InvalidArgumentError);
    const refuses = { state: {}, restore: () => {} };
    expect(() => new Checkpoint({ ...fits, refuses }).restore(saved)).toThrow("missing from it: refuses");
    expect([other.getSlotNames(), [...other.counters()]]).toEqual([[], []]);
    new Checkpoint(fits).restore(saved);
    expect(other.getSlotNames()).toEqual(["m", "v"]);
  });

  test("slots of another optimizer", () => {
    const run = eagerRun("Adam");
    steps(run, 1);
    expect(() => eagerRun("Momentum").checkpoint.restore(run.checkpoint.save())).toThrow(
      /missing from it: optimizer\/model\/table\/momentum, .*only in it: .*optimizer\/model\/table\/m/,
    );
  });

  test.each([
    "null",
    "5",
    "{}",
    '{"states":{}}',
    '{"states":[],"checksums":{}}',
    '{"states":{},"checksums":null}',
    "{",
  ])("a forged manifest: %s", (manifest) => {
    const checksum = crc32c(new TextEncoder().encode(manifest)).toString(16).padStart(8, "0");
    const bytes = saveSafetensors({}, { format: "gradtape/checkpoint/1", manifest, checksum });
    const restore = () => new Checkpoint({ w: new Variable(1) }).restore(bytes);
    expect(restore).toThrow(InvalidArgumentError);
    expect(restore).toThrow(/restore: its manifest is not .*; the checkpoint is damaged/);
  });

  test.each([null, undefined, 5, "file", {}, { values: {}, states: null }, { values: { w: 1 }, states: {} }])(
    "neither bytes nor a run: %j",
    (saved) => {
      const restore = () => new Checkpoint({ w: new Variable(1) }).restore(saved as never);
      expect(restore).toThrow(TypeError);
      expect(restore).toThrow("restore: expected the bytes of a checkpoint (a Uint8Array), got");
    },
  );

  test("weights alone are no checkpoint", () => {
    const bytes = saveSafetensors({ w: tensor([1, 2]) });
    expect(() => new Checkpoint(one()).restore(bytes)).toThrow(
      "restore: the file is no checkpoint, it holds the tensors w; loadSafetensors reads weights alone",
    );
  });
});

describe("mistakes", () => {
  test.each<[string, () => unknown, new (...args: any[]) => Error, string]>([
    ["a tensor", () => new Checkpoint({ a: tensor(1) as never }), TypeError, 'Checkpoint: "a" is'],
    ["nothing", () => new Checkpoint({ a: null as never }), TypeError, 'Checkpoint: "a" is null; it holds variables'],
    [
      "two variables of one name",
      () => new Checkpoint({ all: [new Variable(1), new Variable(2)] }),
      ValueError,
      'Checkpoint: there are two things named "all/Variable"; give variables names',
    ],
    [
      "a slot of a variable that is left out",
      () => {
        const [w, optimizer] = [new Variable(1, { name: "w" }), new MomentumOptimizer(0.1, 0.9)];
        optimizer.minimize(() => mul(w, w), { varList: [w] });
        new Checkpoint({ optimizer }).save();
      },
      ValueError,
      "Checkpoint: optimizer has w/Momentum",
    ],
    [
      "a state that is not JSON",
      () => new Checkpoint({ a: { state: { loss: [1, Number.NaN] }, restore() {} } }).save(),
      ValueError,
      "save: the state of a.loss.1 is NaN, which JSON does not hold",
    ],
    [
      "no session",
      () => new Graph().asDefault(() => new Checkpoint({ w: new Variable(1) })),
      ValueError,
      "Checkpoint: w is a variable of a graph; name the session that has its value",
    ],
    [
      "variables that have no value yet",
      () => {
        const graph = new Graph();
        const w = graph.asDefault(() => new Variable(1, { name: "w" }));
        new Checkpoint({ w }, { session: new Session({ graph }) }).save();
      },
      FailedPreconditionError,
      "w",
    ],
    [
      "an eager variable with a session",
      () => new Checkpoint({ w: new Variable(1) }, { session: new Session({ graph: new Graph() }) }),
      ValueError,
      "Checkpoint: w is a variable of eager mode",
    ],
    [
      "no bytes",
      () => new Checkpoint({}).restore("file" as never),
      TypeError,
      "expected the bytes of a checkpoint (a Uint8Array)",
    ],
  ])("%s", (_, run, kind, message) => {
    expect(run).toThrow(kind);
    expect(run).toThrow(message);
  });
});

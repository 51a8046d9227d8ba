import * as gt from "gradtape";
import { questionOf } from "../data/catalog.ts";
import type { Change } from "../model/program.ts";
import type { Question, Run } from "../model/run.ts";
import { type DigitImages, makeSplit, type Split } from "./examples.ts";
import { lossFunction, makeNetwork, type Network, penaltyOf } from "./network.ts";
import { makeOptimizer } from "./optimizer.ts";

/** Loss and metric (the share that is right, or the root of the mean squared error) on both parts of the data. */
export interface Metrics {
  readonly trainLoss: number;
  readonly testLoss: number;
  readonly trainMetric: number;
  readonly testMetric: number;
}

/** Everything that a step changes. */
export interface Checkpoint {
  readonly step: number;
  readonly values: readonly gt.Tensor[];
  readonly data: gt.DatasetState;
  /** The numbers of the optimizer. */
  readonly hypers: Readonly<Record<string, number>>;
}

/** A run in progress. */
export class Learner {
  readonly run: Run;
  readonly question: Question;
  readonly split: Split;
  readonly network: Network;
  readonly optimizer: gt.Optimizer;
  /** Steps in an epoch. */
  readonly epochSteps: number;
  step = 0;
  /** Numbers of the optimizer that were changed, each behind its step. */
  private changes: readonly Change[] = [];
  private readonly batches: gt.Dataset<readonly [gt.Tensor, gt.Tensor]>;
  private loop: IterableIterator<readonly [gt.Tensor, gt.Tensor]>;
  private readonly descend: (inputs: gt.Tensor, targets: gt.Tensor) => gt.Tensor;
  private readonly learn: gt.Compiled<(inputs: gt.Tensor, targets: gt.Tensor) => gt.Tensor>;
  private readonly judge: gt.Compiled<(inputs: gt.Tensor, targets: gt.Tensor) => readonly [gt.Tensor, gt.Tensor]>;

  constructor(run: Run, images: DigitImages | null) {
    this.run = run;
    this.question = questionOf(run);
    const random = gt.generator(run.seed);
    const [forData, forWeights] = [random.split(), random.split()];
    this.split = makeSplit(run, forData, images);
    this.network = makeNetwork(run, this.question, forWeights);
    this.optimizer = makeOptimizer(run.optimizer);
    this.optimizer.createSlots(this.network.weights.values());
    const loss = lossFunction(run, this.question);
    const penalty = penaltyOf(run, this.network);
    const { embed, outputs } = this.network;
    const varList = [...this.network.weights.values()];
    this.descend = (inputs, targets) => {
      let value!: gt.Tensor;
      const total = () => {
        value = loss(targets, outputs(embed(inputs)));
        return penalty === null ? value : gt.add(value, penalty());
      };
      this.optimizer.minimize(total, { varList });
      return value;
    };
    this.learn = gt.compile(this.descend, { name: "learn" });
    this.judge = gt.compile((inputs: gt.Tensor, targets: gt.Tensor) => {
      const given = outputs(embed(inputs));
      return [loss(targets, given), this.metric(targets, given)] as const;
    });
    const batch = Math.min(run.batch, this.split.train[1].shape[0]!);
    this.batches = gt.dataset(this.split.train, {
      batch,
      shuffle: true,
      seed: run.seed,
      repeat: Number.POSITIVE_INFINITY,
      prefetch: 1,
    });
    this.loop = this.batches[Symbol.iterator]();
    this.epochSteps = this.batches.size;
  }

  /** One step; the mean loss of its batch, before it. */
  advance(): number {
    const [inputs, targets] = this.loop.next().value!;
    this.step++;
    return this.learn.item(inputs, targets);
  }

  /** The same step, to the last bit, op by op. */
  advanceEagerly(): void {
    const [inputs, targets] = this.loop.next().value!;
    this.step++;
    this.descend(inputs, targets);
  }

  /** Loss and metric at the present weights. */
  measure(): Metrics {
    const [train, test] = [this.judge(...this.split.train), this.judge(...this.split.test)];
    const read = (tensor: gt.Tensor) => Number(tensor.item());
    return {
      ...{ trainLoss: read(train[0]), trainMetric: read(train[1]) },
      ...{ testLoss: read(test[0]), testMetric: read(test[1]) },
    };
  }

  /** The classes chosen for the first `count` examples of the test. */
  classify(count: number): Uint8Array<ArrayBuffer> {
    const [inputs] = this.split.test;
    const some = gt.slice(inputs, [0, 0], [Math.min(count, inputs.shape[0]!), -1]);
    return Uint8Array.from(gt.argMax(this.network.outputs(some), 1).data);
  }

  /** Changes a number of the optimizer from the next step on. */
  setHyper(name: string, value: number): void {
    this.changes = [...this.changes, { step: this.step, name, value }];
    this.applyHyper(name, value);
  }

  /** Goes back for good. */
  goBack(to: Checkpoint): void {
    this.restore(to);
    this.changes = this.changes.filter(({ step }) => step < to.step);
  }

  /** Goes back, and makes the same steps again up to the present one; what was changed on the way is changed again. */
  replay(from: Checkpoint, advance: () => void): void {
    const end = this.step;
    this.restore(from);
    while (this.step < end) {
      for (const { step, name, value } of this.changes) if (step === this.step) this.applyHyper(name, value);
      advance();
    }
  }

  /** Everything that a step changes, as it is now. */
  checkpoint(): Checkpoint {
    const fields = this.optimizer as unknown as Record<string, unknown>;
    const numbers = Object.keys(this.run.optimizer.values).filter((name) => typeof fields[name] === "number");
    return {
      hypers: Object.fromEntries(numbers.map((name) => [name, fields[name] as number])),
      step: this.step,
      values: this.states().map(({ data, shape, dtype }) => gt.tensor(data, { shape, dtype })),
      data: this.batches.state,
    };
  }

  private restore({ step, values, data, hypers }: Checkpoint): void {
    for (const [name, value] of Object.entries(hypers)) this.applyHyper(name, value);
    this.states().forEach((state, i) => void state.assign(values[i]!));
    this.batches.restore(data);
    this.loop = this.batches[Symbol.iterator]();
    this.step = step;
  }

  /** The weights as a safetensors file. */
  save(): Uint8Array {
    const values = [...this.network.weights].map(([name, weight]) => [name, gt.identity(weight)] as const);
    const { data, seed } = this.run;
    return gt.saveSafetensors(Object.fromEntries(values), { data, seed: String(seed), step: String(this.step) });
  }

  private applyHyper(name: string, value: number): void {
    (this.optimizer as unknown as Record<string, number>)[name] = value;
  }

  private states(): gt.Variable[] {
    return [...this.network.weights.values(), ...this.optimizer.variables()];
  }

  private metric(targets: gt.Tensor, outputs: gt.Tensor): gt.Tensor {
    const { task } = this.question;
    if (task === "regression") return gt.sqrt(gt.mean(gt.square(gt.sub(outputs, targets))));
    const chosen = task === "classes" ? gt.argMax(outputs, 1) : gt.cast(gt.greater(outputs, 0), "float32");
    return gt.mean(gt.cast(gt.equal(chosen, targets), "float32"));
  }
}

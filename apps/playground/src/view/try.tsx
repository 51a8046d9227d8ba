import { chooseOptimizer } from "../model/optimizers.ts";
import { defaultRun, presets } from "../model/presets.ts";
import type { Run } from "../model/run.ts";
import { changeTrain, trainer } from "../state.ts";

/* Small experiments, each with something to see. */

interface Experiment {
  readonly title: string;
  readonly patch: Partial<Run>;
}

const plain = { ...defaultRun, seed: defaultRun.seed };

const experiments: readonly Experiment[] = [
  {
    title: "A circle without hidden layers: x² and y² do",
    patch: { ...plain, layers: [], features: ["x²", "y²"] },
  },
  {
    title: "Learning by heart: few points, much noise",
    patch: { ...plain, data: "xor", count: 80, noise: 0.8, testPercent: 60, layers: [12, 12] },
  },
  {
    title: "The same with L2: the border smooths",
    patch: {
      ...{ ...plain, data: "xor", count: 80, noise: 0.8, testPercent: 60, layers: [12, 12] },
      ...{ regularization: "l2", regularizationRate: 0.003 },
    },
  },
  {
    title: "A rate too high: the numbers run away",
    patch: {
      ...{ ...plain, ...presets.plane, data: "plane", activation: "linear" },
      optimizer: chooseOptimizer("sgd", { learningRate: 3 }),
    },
  },
];

/** Experiments that can be set up with one click. */
export function Try() {
  return (
    <div class="try">
      <h3>To try</h3>
      <ul>
        {experiments.map(({ title, patch }) => (
          <li key={title}>
            <button
              type="button"
              class="link"
              onClick={() => {
                changeTrain(patch);
                trainer.run();
              }}
            >
              {title}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

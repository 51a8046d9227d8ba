import { useEffect } from "preact/hooks";
import { dataEntries } from "../data/catalog.ts";
import { describeOptimizer } from "../model/optimizers.ts";
import { settings, trainer } from "../state.ts";
import { Stepper } from "../view/controls.tsx";
import { count } from "../view/format.ts";
import { cancelReplay, followRun, lookIntoRun, replay, views } from "./views.ts";

const firstSteps = [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000];
const lastStep = 1_000_000;

/** The run of the first part: which of its steps is looked into. */
export function RunPane() {
  const { busy, problem, scenes } = views.run;
  useEffect(() => followRun(), [settings.value.train]);
  const run = trainer.begun[0] ?? settings.value.train;
  const step = replay.value?.step ?? Number(scenes.value[0]?.title.match(/\d+/)?.[0] ?? 1);
  const data = dataEntries.find(({ kind }) => kind === run.data)!.title;
  const layers = run.layers.length === 0 ? "no hidden layer" : `hidden layers of ${run.layers.join(" and ")}`;
  return (
    <div class="look-run">
      <p>
        The run of the Train page: {data}, {layers}, batches of {run.batch}; {describeOptimizer(run.optimizer)}.
      </p>
      <Stepper
        label="Step"
        help="which step of the run is looked into"
        value={step}
        least={1}
        most={lastStep}
        choices={firstSteps}
        whole
        onChange={(value) => lookIntoRun(value - 1)}
      />
      {problem.value !== null && (
        <p class="notice problem" role="alert">
          {problem.value.message}
        </p>
      )}
      {busy.value && replay.value !== null && (
        <div class="look-replay">
          <p class="about" role="status">
            Training up to step {count(replay.value.step)} again…
          </p>
          <progress max={replay.value.step} value={replay.value.made} aria-label="Steps made" />
          <button type="button" onClick={cancelReplay}>
            Cancel
          </button>
        </div>
      )}
    </div>
  );
}

import { useComputed } from "@preact/signals";
import { describeOptimizer } from "../model/optimizers.ts";
import type { Run } from "../model/run.ts";
import { type Runner, runnerLimits } from "../model/settings.ts";
import { settings } from "../state.ts";
import { Select } from "../view/controls.tsx";
import { number } from "../view/format.ts";
import { OptimizerForm } from "../view/optimizer-form.tsx";
import { Surface } from "../view/surface.tsx";
import { showCode } from "../view/take-home.tsx";
import type { Client } from "../worker/client.ts";
import { changeRunner, setRunners } from "./racing.ts";
import { Slots } from "./slots.tsx";

interface Props {
  readonly client: Client;
  readonly run: Run;
  readonly runner: Runner;
  readonly lane: number;
  readonly color: string;
}

/** What the runners are called. */
export const laneNames = ["A", "B", "C", "D"] as const;

const updates = [
  { value: "sparse", title: "sparse: named rows only" },
  { value: "dense", title: "dense: all rows" },
] as const;

/** One runner: its settings, what it makes of the data, what its optimizer keeps. */
export function Lane({ client, run, runner, lane, color }: Props) {
  const name = laneNames[lane]!;
  const read = (key: "trainLoss" | "testLoss") =>
    useComputed(() => {
      const metrics = client.snapshot.value?.lanes[lane]?.metrics;
      return metrics === undefined ? "–" : number(metrics[key]);
    });
  const [trainLoss, testLoss] = [read("trainLoss"), read("testLoss")];
  const { runners } = settings.value.race;
  return (
    <section
      class="panel lane"
      style={{ "--lane": color }}
      aria-label={`Runner ${name}: ${describeOptimizer(runner.optimizer)}`}
    >
      <div class="panel-head">
        <h3>
          <span class="lane-name" aria-hidden="true">
            {name}
          </span>
          <span class="visually-hidden">Runner {name}</span>
        </h3>
        <div>
          <button
            type="button"
            class="quiet"
            onClick={() => showCode(client, lane)}
            aria-label={`Show the code of runner ${name}`}
          >
            Code
          </button>
          <button
            type="button"
            class="quiet"
            disabled={runners.length <= runnerLimits[0]}
            aria-label={`Remove runner ${name}`}
            onClick={() => setRunners(runners.filter((_, i) => i !== lane))}
          >
            ✕
          </button>
        </div>
      </div>
      <div class="lane-settings">
        <OptimizerForm settings={runner.optimizer} onChange={(optimizer) => changeRunner(lane, { optimizer })} />
        {run.data === "words" && (
          <Select
            label="Updates of the table"
            value={runner.embedding}
            choices={updates}
            onChange={(embedding) => changeRunner(lane, { embedding })}
          />
        )}
      </div>
      <dl class="lane-losses">
        <div>
          <dt>Training loss</dt>
          <dd data-value="lane-train">{trainLoss}</dd>
        </div>
        <div>
          <dt>Test loss</dt>
          <dd data-value="lane-test">{testLoss}</dd>
        </div>
      </dl>
      <div class="lane-body">
        <div class="lane-pictures">
          {run.data !== "digits" && (
            <Surface
              client={client}
              lane={lane}
              run={run}
              label={`What runner ${name} makes of the plane`}
              pointSize={2}
            />
          )}
          <div class="slots">
            <Slots client={client} lane={lane} color={color} />
          </div>
        </div>
      </div>
    </section>
  );
}

import { useState } from "preact/hooks";
import { dataEntries } from "../data/catalog.ts";
import { chooseOptimizer } from "../model/optimizers.ts";
import { runnerLimits } from "../model/settings.ts";
import { runProblem, settings } from "../state.ts";
import { Panel, Select, Stepper, Switch } from "../view/controls.tsx";
import { patchFor } from "../view/data-panel.tsx";
import { LossChart } from "../view/loss-chart.tsx";
import { NetworkSettings } from "../view/network-settings.tsx";
import { palette } from "../view/palette.ts";
import { Stops } from "../view/stops.tsx";
import { Transport } from "../view/transport.tsx";
import { Lane, laneNames } from "./lane.tsx";
import { lessons } from "./lessons.ts";
import { changeRun, presentLesson, racer, resetRace, setRunners, take } from "./racing.ts";

const laneColors = [1, 0, 2, 3] as const;

/** The same network from the same weights, under several optimizers side by side. */
export function RacePart() {
  const { run, runners } = settings.value.race;
  const client = racer();
  const colors = palette();
  const [test, setTest] = useState(false);
  const chosen = presentLesson();
  const problem = runProblem(run);
  const laneColor = (lane: number) => colors.classColor(laneColors[lane]!);
  const series = runners.map((_, lane) => ({
    label: `Runner ${laneNames[lane]}`,
    color: laneColor(lane),
    column: 2 * lane + (test ? 2 : 1),
  }));
  return (
    <div class="race">
      <nav class="lessons" aria-label="Lessons">
        {lessons.map((lesson) => (
          <button
            type="button"
            key={lesson.name}
            aria-pressed={chosen === lesson}
            onClick={() => take(lesson)}
            data-lesson={lesson.name}
          >
            {lesson.title}
          </button>
        ))}
      </nav>
      {chosen !== null && <p class="lesson-text">{chosen.text}</p>}
      <Transport client={client} part="race" problem={problem} onReset={resetRace} label="Race" />
      <Stops client={client} problem={problem} onReset={resetRace} names={laneNames.map((name) => `runner ${name}`)} />
      <div class="race-top">
        <Panel
          title={test ? "Loss on the test" : "Loss in training"}
          aside={<Switch label="on the test" on={test} onChange={setTest} />}
        >
          <LossChart client={client} series={series} label="Loss of each runner, step by step" />
        </Panel>
        <Panel
          title="What all of them run"
          aside={
            <button type="button" class="quiet" onClick={() => changeRun(settings.value.train)}>
              As in Train
            </button>
          }
        >
          <div class="fields">
            <Select
              label="Data"
              value={run.data}
              choices={dataEntries.map(({ kind, title }) => ({ value: kind, title }))}
              onChange={(data) =>
                changeRun({ ...patchFor(data, run), own: settings.value.train.own, names: settings.value.train.names })
              }
            />
            <LayersField layers={run.layers} />
            <Stepper
              label="Seed"
              value={run.seed}
              least={0}
              most={999_999_999}
              choices={[run.seed - 1, run.seed + 1].filter((seed) => seed >= 0)}
              whole
              onChange={(seed) => changeRun({ seed })}
            />
          </div>
          <NetworkSettings run={run} onChange={changeRun} />
        </Panel>
      </div>
      <div class="lanes" style={{ "--lanes": runners.length }}>
        {runners.map((runner, lane) => (
          <Lane key={lane} client={client} run={run} runner={runner} lane={lane} color={laneColor(lane)} />
        ))}
      </div>
      {runners.length < runnerLimits[1] && (
        <button
          type="button"
          class="add-runner"
          onClick={() => setRunners([...runners, { optimizer: chooseOptimizer("rmsprop"), embedding: "sparse" }])}
        >
          Add a runner
        </button>
      )}
    </div>
  );
}

const layerChoices: readonly (readonly number[])[] = [[], [4], [8], [4, 2], [6, 4], [8, 8], [8, 8, 4], [12, 12]];

function LayersField({ layers }: { layers: readonly number[] }) {
  const name = (sizes: readonly number[]) => (sizes.length === 0 ? "none" : sizes.join(", "));
  const known = layerChoices.some((sizes) => name(sizes) === name(layers)) ? layerChoices : [layers, ...layerChoices];
  return (
    <Select
      label="Hidden layers"
      value={name(layers)}
      choices={known.map((sizes) => ({ value: name(sizes), title: name(sizes) }))}
      onChange={(text) => changeRun({ layers: known.find((sizes) => name(sizes) === text)! })}
    />
  );
}

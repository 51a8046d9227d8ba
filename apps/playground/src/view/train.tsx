import { useMemo, useState } from "preact/hooks";
import { isPlanar } from "../model/run.ts";
import { changeTrain, resetTraining, runProblem, settings, trainer } from "../state.ts";
import { Panel, Switch } from "./controls.tsx";
import { DataPanel } from "./data-panel.tsx";
import { Digits } from "./digits.tsx";
import { count } from "./format.ts";
import { Legend } from "./legend.tsx";
import { LossChart } from "./loss-chart.tsx";
import { MetricsTable } from "./metrics.tsx";
import { Network } from "./network.tsx";
import { NetworkSettings } from "./network-settings.tsx";
import { OptimizerForm } from "./optimizer-form.tsx";
import { drawnOwnPoints } from "./own-points.ts";
import { Paint } from "./paint.tsx";
import { Stops } from "./stops.tsx";
import { Surface } from "./surface.tsx";
import { Transport } from "./transport.tsx";
import { Try } from "./try.tsx";
import { watched } from "./watched.ts";

const curves = [
  { label: "training", color: "--train", column: 1 },
  { label: "test", color: "--test", column: 2, dashed: true },
];

/** One network, and all there is to see of it. */
export function Train() {
  const { train: run } = settings.value;
  const [showTest, setShowTest] = useState(false);
  const problem = runProblem(run);
  const untrained = useMemo(() => drawnOwnPoints(run.own), [run.own]);
  const look = watched.value;
  const neuron = look === null ? null : run.layers.slice(0, look.layer).reduce((sum, units) => sum + units, look.unit);
  const parameters = trainer.built.value?.parameters;
  return (
    <div class="train">
      <Transport client={trainer} part="train" problem={problem} onReset={resetTraining} label="Training" />
      <Stops client={trainer} problem={problem} onReset={resetTraining} />
      <div class="train-grid">
        <Panel title="Data" class="data">
          <DataPanel run={run} onChange={changeTrain} />
          {run.data !== "own" && <Try />}
        </Panel>
        <Panel
          title="Network"
          class="middle"
          aside={parameters !== undefined && <span class="aside">{count(parameters)} weights</span>}
        >
          <Network run={run} onChange={changeTrain} />
          <NetworkSettings run={run} onChange={changeTrain} />
        </Panel>
        <Panel
          // Of images there is no picture of a neuron.
          title={look === null || run.data === "digits" ? "Output" : `Layer ${look.layer + 1}, neuron ${look.unit + 1}`}
          class="result"
          aside={isPlanar(run.data) && <Switch label="test points" on={showTest} onChange={setShowTest} />}
        >
          {run.data === "digits" ? (
            <Digits />
          ) : (
            <>
              <Surface
                client={trainer}
                run={run}
                neuron={neuron}
                showTest={showTest}
                untrained={problem === null ? null : untrained}
                label={
                  run.data === "words"
                    ? "The plane of the words, coloured by the output"
                    : "The plane of the points, coloured by the output"
                }
              >
                {run.data === "own" && neuron === null && <Paint />}
              </Surface>
              <Legend run={run} />
            </>
          )}
          <MetricsTable />
          <LossChart client={trainer} series={curves} label="Loss on the training and test examples, step by step" />
        </Panel>
        <Panel title="Optimizer" class="optimizer-panel">
          <OptimizerForm settings={run.optimizer} onChange={(optimizer) => changeTrain({ optimizer })} formula />
        </Panel>
      </div>
    </div>
  );
}

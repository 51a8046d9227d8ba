import { useComputed } from "@preact/signals";
import { question, trainer } from "../state.ts";
import type { Metrics } from "../worker/learner.ts";
import { number, percent } from "./format.ts";

function Metric({ title, name, read }: { title: string; name: string; read: (metrics: Metrics) => string }) {
  const text = useComputed(() => {
    const metrics = trainer.snapshot.value?.lanes[0]?.metrics;
    return metrics === undefined ? "–" : read(metrics);
  });
  return (
    <td data-value={name} title={title}>
      {text}
    </td>
  );
}

/** Loss and what it comes to, on what is trained on and on what is not. */
export function MetricsTable() {
  const regression = question().task === "regression";
  const share = regression ? number : percent;
  return (
    <table class="metrics">
      <thead>
        <tr>
          <td />
          <th scope="col">
            <span class="key train" aria-hidden="true" />
            Training
          </th>
          <th scope="col">
            <span class="key test" aria-hidden="true" />
            Test
          </th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">Loss</th>
          <Metric title="training loss" name="train-loss" read={(m) => number(m.trainLoss)} />
          <Metric title="test loss" name="test-loss" read={(m) => number(m.testLoss)} />
        </tr>
        <tr>
          <th scope="row">{regression ? "Error (RMS)" : "Correct"}</th>
          <Metric title="training" name="train-metric" read={(m) => share(m.trainMetric)} />
          <Metric title="test" name="test-metric" read={(m) => share(m.testMetric)} />
        </tr>
      </tbody>
    </table>
  );
}

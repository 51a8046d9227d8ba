import { useComputed } from "@preact/signals";
import { type Speeds, speeds } from "../model/settings.ts";
import { setSpeed } from "../state.ts";
import type { Client } from "../worker/client.ts";
import { Select } from "./controls.tsx";
import { count, number } from "./format.ts";

const speedTitles = speeds.map((value) => ({
  value: value as number,
  title:
    value === Number.POSITIVE_INFINITY ? "as fast as it goes" : `${count(value)} ${value === 1 ? "step" : "steps"}/s`,
}));

interface Props {
  readonly client: Client;
  /** The part whose speed it sets. */
  readonly part: keyof Speeds;
  /** Why nothing can be run, or `null`. */
  readonly problem: string | null;
  readonly onReset: () => void;
  readonly label: string;
}

/** Run, pause, step, reset, speed; and how far it has come. */
export function Transport({ client, part, problem, onReset, label }: Props) {
  const running = client.running.value;
  const stopped = problem !== null || client.failure.value !== null;
  const blocked = stopped || client.diverged.value !== null;
  const step = useComputed(() => count(client.snapshot.value?.step ?? 0));
  const epoch = useComputed(() => {
    const snapshot = client.snapshot.value;
    return count(snapshot === null ? 0 : Math.floor(snapshot.step / snapshot.epochSteps));
  });
  const speed = useComputed(() => (client.running.value ? count(client.snapshot.value?.stepsPerSecond ?? 0) : "–"));
  // Said when it stops, not at every step.
  const said = useComputed(() => {
    const metrics = client.snapshot.peek()?.lanes[0]?.metrics;
    if (client.running.value) return "Running";
    return metrics === undefined ? "" : `Paused at step ${step.peek()}, test loss ${number(metrics.testLoss)}`;
  });
  return (
    <div class="transport" role="toolbar" aria-label={label}>
      <button
        type="button"
        class="primary"
        disabled={blocked}
        onClick={() => (running ? client.pause() : client.run())}
        data-action="run"
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          {running ? <path d="M4 3h3v10H4zM9 3h3v10H9z" /> : <path d="M4 2.5v11l9.5-5.5z" />}
        </svg>
        {running ? "Pause" : "Run"}
      </button>
      <button type="button" disabled={blocked} onClick={() => client.step()} data-action="step">
        Step
      </button>
      <button type="button" disabled={stopped} onClick={onReset} data-action="reset">
        Reset
      </button>
      <Select
        label="Speed"
        value={client.stepsPerSecond.value}
        choices={speedTitles}
        onChange={(value) => setSpeed(part, client, value)}
      />
      <span class="visually-hidden" role="status">
        {said}
      </span>
      <dl class="counters" data-running={client.snapshot.value?.running ?? false}>
        <div>
          <dt>Step</dt>
          <dd data-value="step">{step}</dd>
        </div>
        <div>
          <dt>Epoch</dt>
          <dd>{epoch}</dd>
        </div>
        <div>
          <dt>Steps per second</dt>
          <dd data-value="speed">{speed}</dd>
        </div>
      </dl>
    </div>
  );
}

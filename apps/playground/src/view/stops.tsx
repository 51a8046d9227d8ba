import { adviceFor } from "../worker/advice.ts";
import type { Client } from "../worker/client.ts";
import { count } from "./format.ts";

interface Props {
  readonly client: Client;
  readonly problem: string | null;
  readonly onReset: () => void;
  /** What the runs are called, where there are several. */
  readonly names?: readonly string[];
}

/** Why nothing is trained, and what can be done. */
export function Stops({ client, problem, onReset, names = [] }: Props) {
  const diverged = client.diverged.value;
  const failure = client.failure.value;
  if (problem !== null) return <p class="notice">{problem}</p>;
  if (failure !== null) {
    return (
      <div class="notice problem" role="alert">
        <p>{failure}</p>
        <button type="button" onClick={onReset}>
          Try again
        </button>
      </div>
    );
  }
  if (diverged === null) return null;
  return (
    <div class="notice problem" role="alert">
      <p>
        <strong>
          {names[diverged.lane] === undefined ? "The numbers" : `The numbers of ${names[diverged.lane]}`} ran away in
          step {count(diverged.step)}.
        </strong>{" "}
        {adviceFor(client.begun[diverged.lane], client.present(diverged.lane))}
      </p>
      <button type="button" class="primary" onClick={() => client.goBack()}>
        Back to step {count(diverged.kept)}
      </button>
      <button type="button" onClick={onReset}>
        Reset
      </button>
      <pre>{diverged.reason.trim()}</pre>
    </div>
  );
}

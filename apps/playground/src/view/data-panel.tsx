import { dataEntries, digitCount, questionOf } from "../data/catalog.ts";
import { defaultRun, presets } from "../model/presets.ts";
import { type DataKind, limits, type Run } from "../model/run.ts";
import { Slider, Stepper } from "./controls.tsx";
import { DataPicture } from "./data-picture.tsx";
import { OwnData } from "./own-data.tsx";

interface Props {
  readonly run: Run;
  readonly onChange: (patch: Partial<Run>) => void;
  readonly kinds?: readonly DataKind[];
}

/** Settings that come with a dataset, so that it is learned well. */
export function patchFor(data: DataKind, run: Run): Partial<Run> {
  const { noise, count, layers, activation, batch, loss } = { ...defaultRun, ...presets[data] };
  return { data, noise, count, layers, activation, batch, loss, seed: run.seed };
}

/** The choice of data, and how they are drawn. */
export function DataPanel({ run, onChange }: Props) {
  const drawn = run.data !== "own";
  const noisy = drawn && run.data !== "digits";
  const most = run.data === "digits" ? digitCount : limits.count[1];
  return (
    <>
      <div class="datasets" role="radiogroup" aria-label="Dataset">
        {dataEntries.map(({ kind, title, about }) => (
          <label class="dataset" key={kind} title={about}>
            <input
              type="radio"
              name="dataset"
              value={kind}
              checked={run.data === kind}
              onChange={() => onChange(patchFor(kind, run))}
            />
            <DataPicture kind={kind} />
            <span>{title}</span>
          </label>
        ))}
      </div>
      <p class="about">{dataEntries.find(({ kind }) => kind === run.data)!.about}</p>
      {run.data === "own" && <OwnData />}
      {drawn && (
        <Slider
          label="Examples"
          value={Math.min(run.count, most)}
          least={limits.count[0]}
          most={most}
          step={run.data === "digits" ? 1 : 20}
          onChange={(count) => onChange({ count })}
        />
      )}
      {noisy && (
        <Slider
          label={
            questionOf(run).task === "regression"
              ? "Noise in the height"
              : run.data === "words"
                ? "Wrong labels"
                : "Noise"
          }
          value={run.noise}
          least={0}
          most={1}
          step={0.05}
          shown={run.data === "words" ? `${Math.round(50 * run.noise)} %` : run.noise.toFixed(2)}
          onChange={(noise) => onChange({ noise })}
        />
      )}
      <Slider
        label="Kept for the test"
        value={run.testPercent}
        least={limits.testPercent[0]}
        most={limits.testPercent[1]}
        step={5}
        shown={`${run.testPercent} %`}
        onChange={(testPercent) => onChange({ testPercent })}
      />
      <Stepper
        label="Seed"
        value={run.seed}
        least={limits.seed[0]}
        most={limits.seed[1]}
        choices={[run.seed - 1, run.seed + 1].filter((seed) => seed >= 0)}
        whole
        onChange={(seed) => onChange({ seed })}
      />
    </>
  );
}

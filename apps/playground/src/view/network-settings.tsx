import { questionOf } from "../data/catalog.ts";
import { activations, limits, lossesFor, lossOf, type Run, regularizations } from "../model/run.ts";
import { Select, Stepper } from "./controls.tsx";

interface Props {
  readonly run: Run;
  readonly onChange: (patch: Partial<Run>) => void;
}

const titled = <T extends string>(values: readonly T[]) => values.map((value) => ({ value, title: value }));
const regularizationTitles = { none: "none", l1: "L1, sum of sizes", l2: "L2, sum of squares" } as const;

/** What a network is made of besides its layers, and how its mistakes are counted. */
export function NetworkSettings({ run, onChange }: Props) {
  const { task } = questionOf(run);
  const fitting = lossesFor(task);
  return (
    <div class="fields">
      <Select
        label="Activation"
        value={run.activation}
        choices={titled(activations)}
        onChange={(activation) => onChange({ activation })}
      />
      <Select
        label="Loss"
        value={lossOf(run, task)}
        choices={titled(fitting)}
        onChange={(loss) => onChange({ loss })}
      />
      <Select
        label="Regularization"
        value={run.regularization}
        choices={regularizations.map((value) => ({ value, title: regularizationTitles[value] }))}
        onChange={(regularization) => onChange({ regularization })}
      />
      {run.regularization !== "none" && (
        <Stepper
          label="Its rate"
          value={run.regularizationRate}
          least={limits.regularizationRate[0]}
          most={limits.regularizationRate[1]}
          choices={[0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 1]}
          onChange={(regularizationRate) => onChange({ regularizationRate })}
        />
      )}
      <Stepper
        label="Batch size"
        value={run.batch}
        least={limits.batch[0]}
        most={limits.batch[1]}
        choices={[1, 2, 4, 8, 16, 32, 64, 128, 256]}
        whole
        onChange={(batch) => onChange({ batch })}
      />
    </div>
  );
}

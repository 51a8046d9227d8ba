import type { OptimizerSettings } from "../model/optimizers.ts";
import type { Run } from "../model/run.ts";

/* Advice for a loss that became NaN: by its cause, as far as the settings show it. */

interface Cause {
  /** True when the values of an optimizer are of this kind. */
  readonly holds: (values: OptimizerSettings["values"]) => boolean;
  readonly advice: string;
}

const again = "and go back or begin anew.";

const causes: readonly Cause[] = [
  {
    holds: ({ beta1 }) => beta1 === 1,
    advice: `beta1 is 1, and the update is divided by 1 − beta1ᵗ, which is 0: choose a beta1 below 1, ${again}`,
  },
  {
    holds: ({ epsilon }) => epsilon === 0,
    advice: `epsilon is 0, so a gradient of 0 gives 0 / 0: choose an epsilon above 0, ${again}`,
  },
  {
    holds: ({ initialAccumulatorValue }) => initialAccumulatorValue === 0,
    advice: `The accumulator begins at 0, so a gradient of 0 gives 0 / 0: begin above 0, ${again}`,
  },
  {
    holds: ({ momentum }) => typeof momentum === "number" && momentum >= 1,
    advice: `With a momentum of 1 the steps never get smaller: choose one below 1, ${again}`,
  },
];

/** Returns what to change in a run; `values` are the present ones of its optimizer. */
export function adviceFor(run: Run | undefined, values: OptimizerSettings["values"]): string {
  const cause = causes.find(({ holds }) => holds(values));
  if (cause !== undefined) return cause.advice;
  if (run !== undefined && run.regularization !== "none" && run.regularizationRate > 1)
    return `Choose a smaller rate of regularization or a smaller learning rate, ${again}`;
  return `Choose a smaller learning rate, ${again}`;
}

import { Session, type State, Variable } from "@gradtape/graph";
import { defineFunction, instance, type Tensor } from "@gradtape/tensor";
import { type Handover, pruned } from "./exporter.ts";
import { handoverKind } from "./signatures.ts";

/**
 * The present values of the variables that a handover uses, by their names in what is written: what `saveSafetensors`
 * puts beside it. Throws a FailedPreconditionError for a variable that has no value in `session`.
 */
export const weightsOf = defineFunction(
  "weightsOf",
  { handover: handoverKind, session: instance("a session", Session) },
  undefined,
  (handover: Handover, session: Session): Record<string, Tensor> => {
    const { states } = pruned("weightsOf", handover);
    return Object.fromEntries([...states].map(([state, name]) => [name, presentValue(state, session)]));
  },
);

function presentValue(state: State, session: Session): Tensor {
  if (!(state instanceof Variable)) throw new TypeError(`weightsOf: ${state.opName} is no variable`);
  return state.storage === null ? session.run(state) : state.value();
}

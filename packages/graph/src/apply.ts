import type { EagerTensor, Tensor } from "@gradtape/tensor";
import { type Attributes, type Input, type OpDef, type OpRecord, recorders } from "./record.ts";
import { State } from "./state.ts";

/**
 * The one door. Every op call passes here: shapes are inferred first, then the kernel runs, then whoever listens
 * hears of it.
 */
export function apply<A extends Attributes>(def: OpDef<A>, inputs: readonly Input[], attributes: A): Tensor[] {
  const specs = def.infer(inputs, attributes);
  const states = inputs.filter((input) => input instanceof State);
  for (const recorder of recorders) for (const state of states) recorder.onRead(state);
  const values = inputs.map((input, i) => {
    if (input instanceof State) return def.writes?.includes(i) ? input.writable : input.storage;
    return input as EagerTensor;
  });
  const outputs = def.kernel(inputs, attributes, specs).run(values, specs);
  for (const state of states) {
    if (outputs.some((output) => output.buffer === state.storage.buffer)) state.share();
  }
  if (recorders.length > 0) {
    const record: OpRecord<A> = { def, inputs, outputs, attributes };
    for (const recorder of recorders) recorder.onRecord(record);
  }
  return outputs;
}

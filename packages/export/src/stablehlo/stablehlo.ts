import { defineFunction, NotImplementedError } from "@gradtape/tensor";
import { argumentName, refusal, translate } from "../arrays/translate.ts";
import { builtAt, described, type Exporter, exportTo, type Handover } from "../exporter.ts";
import { port, type Signature, statePort } from "../signature.ts";
import { handoverKind } from "../signatures.ts";
import { StableHloProgram } from "./program.ts";

/** A program as StableHLO text, and what it takes and gives. */
export interface StableHlo {
  /** One module with one function, `main`; the second line is the signature as JSON. */
  readonly text: string;
  readonly signature: Signature;
}

const target = "StableHLO";

const stableHlo: Exporter<object, StableHlo> = {
  target,
  refusal,
  write(program) {
    const { language, states, inputs, outputs } = translate(program, () => new StableHloProgram(), { target });
    const counted = outputs.find(({ value }) => language.open.anyOpen(value.shape));
    if (counted !== undefined) {
      const { op } = counted.tensor;
      throw new NotImplementedError(
        `export to ${target}: ${described(op)} cannot be written as an output: only the run tells its shape${builtAt(op)}`,
      );
    }
    const signature: Signature = {
      state: states.map(({ name, state }) => statePort(name, state)),
      inputs: inputs.map(({ tensor, value }) => port(argumentName(tensor), value)),
      outputs: outputs.map(({ tensor, value }) => port(tensor.name, value)),
    };
    const results = [...states.map(({ after }) => after), ...outputs.map(({ value }) => value)];
    const types = results.map((result) => language.typeOf(result)).join(", ");
    const takes = language.arguments.map((each) => `${each.name}: ${language.typeOf(each)}`).join(", ");
    const lines = [
      "// state and inputs go in, state and outputs come out, in this order:",
      `// ${JSON.stringify(signature)}`,
      "module @gradtape {",
      `  func.func public @main(${takes}) -> (${types}) {`,
      ...language.linesFor(results).map((line) => `    ${line}`),
      `    return ${results.map(({ name }) => name).join(", ")}${results.length > 0 ? ` : ${types}` : ""}`,
      "  }",
      "}",
      "",
    ];
    return { text: lines.join("\n"), signature };
  },
};

/**
 * The part of a graph that a handover names as a StableHLO function for XLA: variables and inputs go in, variables and
 * outputs come out. All extents must be known. Ids that name no row are not refused there: what they would read is some
 * row, what they would write is dropped.
 *
 * Throws what `exportTo` throws; a NotImplementedError that names the operation and the line that built it for what has
 * no counterpart.
 */
export const writeStableHlo = defineFunction(
  "writeStableHlo",
  { handover: handoverKind },
  undefined,
  (handover: Handover): StableHlo => exportTo(stableHlo, handover, {}),
);

import { type Program, type Scalar, scalar } from "@gradtape/tensor";
import { substitute } from "../expression.ts";

/** A program in two parts, of which one runs before a loop. */
export interface Hoisted {
  /** Gives the expressions that follow from the fixed inputs alone. Takes all inputs. */
  readonly once: Program;
  /** The program with the results of `once` as further inputs. */
  readonly each: Program;
}

/** Splits a program that is run again and again with some inputs `fixed`. */
export function hoist(program: Program, fixed: (input: number) => boolean): Hoisted {
  const known = new Map<Scalar, boolean>();
  const isFixed = (node: Scalar): boolean => {
    let found = known.get(node);
    if (found === undefined) {
      found = node.op === "input" ? fixed(node.value ?? -1) : node.op === "constant" || isFixedCall(node);
      known.set(node, found);
    }
    return found;
  };
  const isFixedCall = ({ op, args }: Scalar) => args.length > 0 && op !== "fold" && args.every(isFixed);
  const results = new Map<Scalar, Scalar>();
  const replace = (node: Scalar) => {
    if (node.args.length === 0 || !isFixed(node)) return undefined;
    const result = results.get(node) ?? scalar.input(program.inputs.length + results.size, node.type);
    results.set(node, result);
    return result;
  };
  const done = new Map<Scalar, Scalar>();
  const outputs = program.outputs.map((output) => substitute(output, replace, done));
  const further = [...results.keys()].map(({ type }) => ({ type, level: "element" as const }));
  return {
    once: { ...program, outputs: [...results.keys()], levels: further.map(() => "row" as const), printed: new Map() },
    each: { ...program, inputs: [...program.inputs, ...further], outputs, printed: new Map() },
  };
}

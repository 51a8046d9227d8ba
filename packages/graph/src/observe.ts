import { callable, defineFunction, kind, type Scalar } from "@gradtape/tensor";
import { recorders } from "./context.ts";
import type { OpRecord, Recorder } from "./record.ts";

/* For those who look on: what ran, and by what arithmetic. */

const listener = kind<Recorder>("an object with the methods onRead and onRecord", (value) => {
  const { onRead, onRecord } = (value ?? {}) as Partial<Recorder>;
  return typeof onRead === "function" && typeof onRecord === "function";
});

const record = kind<OpRecord>("the record of an op", (value) => {
  const { def, inputs } = (value ?? {}) as Partial<OpRecord>;
  return typeof def?.kernel === "function" && Array.isArray(inputs);
});

/**
 * Runs `body` and returns its result, while `observer` hears of everything that runs in it: forward ops, those that
 * gradient rules call, updates of variables, and each walk backwards with the terms it added up. Compiled functions run
 * op by op meanwhile, to the same numbers; only `item` of one keeps to its module. Sessions go operation by operation,
 * too, for an observer with `onRun`. An async body is observed until its promise is settled.
 *
 * ```ts
 * const seen: string[] = [];
 * observe({ onRead() {}, onRecord: ({ def }) => seen.push(def.name) }, () => optimizer.minimize(loss));
 * ```
 */
export const observe = defineFunction(
  "observe",
  { observer: listener, body: callable },
  undefined,
  <T>(observer: Recorder, body: () => T): T => {
    recorders.push(observer);
    const end = () => void recorders.splice(recorders.lastIndexOf(observer), 1);
    let result: T;
    try {
      result = body();
    } catch (error) {
      end();
      throw error;
    }
    if (result instanceof Promise) return result.finally(end) as T;
    end();
    return result;
  },
);

/** The arithmetic that gives one element, as plain JSON. */
export type Formula =
  | { readonly kind: "number"; readonly value: number }
  /** The element of an input before the op ran. */
  | { readonly kind: "input"; readonly input: number }
  /** The new element of a state that the op writes. */
  | { readonly kind: "written"; readonly input: number }
  /** `op` is a word of the kernel language: add, sub, mul, div, sqrt, pow, neg, abs, select, lt, … */
  | { readonly kind: "call"; readonly op: string; readonly args: readonly Formula[] };

/**
 * How an op that writes variables forms the new element of each, in the very order of its operations: one formula for
 * each of the leading inputs. `null` for an op that writes nothing, or not element by element.
 */
export const updateFormulas = defineFunction("updateFormulas", { record }, undefined, formulasOf);

function formulasOf({ def, inputs, attributes }: OpRecord): readonly Formula[] | null {
  if (def.writes === undefined) return null;
  const specs = inputs.map(({ spec }) => spec);
  const { form } = def.kernel(specs, attributes, []);
  if (form?.kind !== "update" && form?.kind !== "updateRows") return null;
  const { outputs } = form.program;
  return outputs.map((output) => formulaOf(output, outputs, output));
}

/** A new value that another one is made from is named, not spelled out again. */
function formulaOf(node: Scalar, outputs: readonly Scalar[], root: Scalar): Formula {
  if (node.op === "input") return { kind: "input", input: node.value! };
  if (node.op === "constant") return { kind: "number", value: node.value! };
  const written = node === root ? -1 : outputs.indexOf(node);
  if (written >= 0) return { kind: "written", input: written };
  const { op, args } = node.spelled ?? node;
  return { kind: "call", op, args: args.map((arg) => formulaOf(arg, outputs, root)) };
}

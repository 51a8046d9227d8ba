import {
  anything,
  boolean,
  type Fields,
  isPlainObject,
  type Kind,
  kind,
  optional,
  Signature,
  ValueError,
} from "@gradtape/tensor";
import type { Hyper } from "./hyper.ts";

/** A hyper-parameter, for signatures: anything but options. An unusable value is refused at its use, as in TensorFlow. */
export const hyper = kind<Hyper>(
  "a number, a tensor or a function that returns one",
  (value) => !isPlainObject(value) || "stride" in value,
);

/** Options of every optimizer. */
export const sharedFields = { useLocking: boolean, name: anything as Kind<string | null> };

/** The arguments of an optimizer: its rate, by position or by name, and its options. */
export function optimizerSignature<O extends Fields>(name: string, options: O) {
  return new Signature(name, { learningRate: optional(hyper) }, { ...options, ...sharedFields });
}

/** A hyper-parameter that has no default. Throws a ValueError where it was left out. */
export function required(op: string, name: string, value: Hyper | undefined): Hyper {
  if (value !== undefined) return value;
  throw new ValueError(`${op}: ${name} is missing; give a number, a tensor or a function that returns one`);
}

import { NotFoundError } from "@gradtape/tensor";
import type { Attributes, OpDef } from "./record.ts";

/** Every op entry by its name, so that a graph can be read back. Filled while modules load, never changed after. */
const entries = new Map<string, OpDef>();

/** Puts an op into the book. Throws an Error when another has its name. */
export function entry<A extends Attributes = Attributes>(def: OpDef<A>): OpDef<A> {
  if (entries.has(def.name)) throw new Error(`entry: there are two ops named ${def.name}`);
  entries.set(def.name, def);
  return def;
}

/** The op of that name. Throws a NotFoundError when nothing that has been imported defines it. */
export function findEntry(name: string): OpDef {
  const found = entries.get(name);
  if (found === undefined) {
    throw new NotFoundError(`there is no op named ${JSON.stringify(name)}; import the package that defines it first`);
  }
  return found;
}

/** All ops that what has been imported defines. */
export function allEntries(): OpDef[] {
  return [...entries.values()];
}

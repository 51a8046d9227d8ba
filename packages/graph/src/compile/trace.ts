import { RuntimeError, repeated, synchronous, Tensor, userLine } from "@gradtape/tensor";
import { unrecorded, within } from "../context.ts";
import { GraphKeys } from "../graph.ts";
import { Convertible, nameOf } from "../operand.ts";
import { Operation } from "../operation.ts";
import { IndexedSlices, sliceIndices, sliceValues } from "../ops/gather.ts";
import { State } from "../state.ts";
import { Variable } from "../variable.ts";
import { type Arguments, plainPositions, putTogether } from "./arguments.ts";
import { firstDifference, type Written } from "./compare.ts";
import { Settings } from "./settings.ts";
import { TraceGraph } from "./trace-graph.ts";

/** A traced function: its graph, its results, and the structure into which they go back. */
export interface Trace extends Written {
  /** Operations that change variables. */
  readonly effects: readonly Operation[];
  pack(result: (i: number) => Tensor): unknown;
}

type Body = (...args: any[]) => unknown;

/**
 * Runs `body` while a graph is being built, and again, to see that it does the same each time.
 *
 * Plain numbers and lists are handed over as they are, then as tensors. Those with which the function did the same as
 * tensors are fed at each step; the others stay part of what was traced, and so do whole numbers: counts, axes, switches.
 */
export function trace(body: Body, args: Arguments): Trace {
  const settings = new Settings();
  let made: Trace | null = null;
  try {
    const tracer = new Tracer(body, args, settings);
    try {
      made = tracer.trace();
    } catch (error) {
      if (!settings.learned) throw error;
      made = tracer.trace(); // now it is known what the function sets itself
    }
    return made;
  } finally {
    settings.end(made === null);
  }
}

class Tracer {
  private readonly body: Body;
  private readonly args: Arguments;
  private readonly settings: Settings;
  /** The positions of plain arguments. */
  private readonly plain: readonly number[];

  constructor(body: Body, args: Arguments, settings: Settings) {
    this.body = body;
    this.args = args;
    this.settings = settings;
    this.plain = plainPositions(args);
  }

  trace(): Trace {
    const [reference, fed] = this.first();
    const states = State.count;
    const feedable = fed.length > 0 ? [] : this.plain.filter((i) => !Number.isInteger(this.args.given[i]));
    const traced = this.fedLike(reference, feedable) ?? this.run(fed);
    if (State.count !== states) {
      throw new RuntimeError(
        "compile: the function makes new variables each time it runs; make variables and optimizers outside of it",
      );
    }
    const difference = firstDifference(reference, traced);
    if (difference === null) return traced;
    const { at, first, second } = difference;
    const place = second ?? first;
    const line = place instanceof Operation ? place.location : userLine();
    throw new RuntimeError(
      `compile: the function did not do the same when it was run again: ${at} was ${first ?? "missing"}, then ` +
        `${second ?? "missing"}${inBrackets(line)}; it depends on something that changes outside, such as a counter or ` +
        "Math.random(): pass that as an argument, or keep it in a variable",
    );
  }

  /** The first run, and which plain arguments were tensors in it: all of them where plain numbers do not suit the function. */
  private first(): [Trace, readonly number[]] {
    try {
      return [this.run([]), []];
    } catch (error) {
      const unsuited = this.plain.length > 0 && !(error instanceof RuntimeError);
      const made = unsuited ? this.tried(this.plain) : null;
      if (made === null || this.settings.learned) throw error;
      return [made, this.plain];
    }
  }

  /** A run like `reference` with as many as possible of some plain arguments fed; `null` where it is like that with none. */
  private fedLike(reference: Trace, feedable: readonly number[]): Trace | null {
    const like = (fed: readonly number[]): Trace | null => {
      const made = fed.length === 0 ? null : this.tried(fed);
      return made !== null && firstDifference(reference, made) === null ? made : null;
    };
    const all = like(feedable);
    return all ?? (feedable.length < 2 ? null : like(feedable.filter((i) => like([i]) !== null)));
  }

  private tried(fed: readonly number[]): Trace | null {
    try {
      return this.run(fed);
    } catch {
      return null;
    }
  }

  /** Runs the function with tensors to be fed in the places of `fed`. */
  private run(fed: readonly number[]): Trace {
    const { tensors, given, structure } = this.args;
    const graph = new TraceGraph(this.settings);
    this.settings.begin();
    return within(graph, () => {
      const values = given.map((value, i) =>
        value instanceof Tensor || fed.includes(i) ? graph.argument(i, tensors[i]!, value) : value,
      );
      // A tape that the function starts and leaves open, by an error too, ends with the function.
      const body = () => this.body(...putTogether(structure, values));
      const result = unrecorded(() => repeated(graph, body));
      this.settings.check();
      const made = graph.getCollection(GraphKeys.GLOBAL_VARIABLES) as Variable[];
      if (made.length > 0) {
        throw new RuntimeError(
          `compile: the function makes the variable ${made[0]!.name}; make variables outside of it, so that they last`,
        );
      }
      const fetched: Tensor[] = [];
      const pack = packer(result, (tensor) => fetched.push(tensor) - 1);
      const effects = graph.getOperations().filter(({ def }) => (def.writes?.length ?? 0) > 0);
      return { graph, fetched, effects, pack };
    });
  }
}

type Pack = (result: (i: number) => Tensor) => unknown;

/** Reads the structure that a function returned. */
function packer(value: unknown, fetch: (tensor: Tensor) => number): Pack {
  if (value instanceof Tensor) {
    const i = fetch(value);
    return (result) => result(i);
  }
  if (value instanceof Variable) return () => value;
  if (value instanceof Operation || value === null) return () => null;
  if (value === undefined) return () => undefined;
  if (value instanceof IndexedSlices) {
    const [values, indices] = [fetch(sliceValues(value)), fetch(sliceIndices(value))];
    return (result) => new IndexedSlices(result(values), result(indices), value.denseShape);
  }
  if (value instanceof Convertible) return packer(value.toTensor(), fetch);
  if (Array.isArray(value)) {
    const parts = value.map((each) => packer(each, fetch));
    return (result) => parts.map((part) => part(result));
  }
  if (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    const parts = Object.entries(value).map(([key, each]) => [key, packer(each, fetch)] as const);
    return (result) => Object.fromEntries(parts.map(([key, part]) => [key, part(result)]));
  }
  synchronous("compile", value);
  throw new TypeError(
    `compile: the function returned ${nameOf(value)}${inBrackets(userLine())}; return tensors, or lists and objects of tensors`,
  );
}

const inBrackets = (line: string | null) => (line === null ? "" : ` (${line})`);

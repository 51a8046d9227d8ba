import { Graph, nameOf, SymbolicTensor, Variable } from "@gradtape/graph";
import {
  anything,
  callable,
  defineMethods,
  describe,
  type Kind,
  literal,
  Signature,
  type Tensor,
  type TensorLike,
  ValueError,
} from "@gradtape/tensor";
import { encodeGraph } from "./graph-message.ts";
import { histogramOf } from "./histogram.ts";
import { frameRecord } from "./record.ts";
import { encode, type Message } from "./schema.ts";

export interface SummaryWriterOptions {
  /** The time that events bear, in seconds since 1970; that of the clock when left out. */
  readonly now?: () => number;
}

type Sink = (record: Uint8Array<ArrayBuffer>) => void;

const signature = new Signature(
  "SummaryWriter",
  { sink: callable as Kind<Sink> },
  { now: callable as Kind<() => number> },
);

/**
 * Makes an event file of what is told to it: scalars, histograms, graphs. `sink` gets the bytes, a whole record at a
 * time; all records one after the other are the file. It needs no file system, so it runs in browsers.
 */
export class SummaryWriter {
  private readonly sink: (record: Uint8Array<ArrayBuffer>) => void;
  private readonly now: () => number;

  constructor(sink: (record: Uint8Array<ArrayBuffer>) => void, options?: SummaryWriterOptions);
  constructor(...args: readonly unknown[]) {
    const { sink, now = () => Date.now() / 1000 } = signature.record(args);
    this.sink = sink;
    this.now = now;
    this.put({ fileVersion: "brain.Event:2" });
  }

  static {
    const place = { tag: anything, value: anything, step: anything };
    defineMethods("SummaryWriter", SummaryWriter, {
      scalar: [place],
      histogram: [place],
      graph: [{ graph: anything }],
      restart: [{ step: anything }],
    });
  }

  /**
   * A point of the curve `tag`: a number, or a tensor or variable with one element. It is kept as float32; NaN and
   * infinities stay what they are, and TensorBoard marks them.
   */
  scalar(tag: string, value: TensorLike | Variable, step: number): void {
    checkPlace("scalar", tag, step);
    const { data, size } = elementsOf("scalar", tag, value);
    if (size !== 1) {
      throw new ValueError(
        `scalar: ${JSON.stringify(tag)} is ${nameOf(value)}, expected one element; take its mean, or its histogram`,
      );
    }
    this.put({ step, summary: { value: [{ tag, simpleValue: Math.fround(data[0]!) }] } });
  }

  /**
   * How the elements of a tensor or variable are spread, in TensorFlow's default buckets. Throws an
   * InvalidArgumentError when one of them is not finite.
   */
  histogram(tag: string, value: TensorLike | Variable, step: number): void {
    checkPlace("histogram", tag, step);
    const histo = histogramOf(tag, elementsOf("histogram", tag, value));
    this.put({ step, summary: { value: [{ tag, histo }] } });
  }

  /** A graph to look at. Variables of eager mode that it uses are shown beside its operations. */
  graph(graph: Graph): void {
    if (!(graph instanceof Graph)) {
      throw new TypeError(`graph: expected a Graph, got ${describe(graph)}; fromGraphDef makes one of a definition`);
    }
    this.put({ graphDef: encodeGraph(graph) });
  }

  /**
   * Says that a run that was interrupted goes on with `step`: TensorBoard forgets what earlier files of the folder have of
   * this step and of later ones.
   */
  restart(step: number): void {
    checkStep("restart: the step", step);
    this.put({ step, sessionLog: { status: 1 } });
  }

  private put(event: Message<"Event">): void {
    this.sink(frameRecord(encode("Event", { wallTime: this.now(), ...event })));
  }
}

function checkPlace(op: string, tag: unknown, step: unknown): void {
  if (typeof tag !== "string") throw new TypeError(`${op}: the tag is ${describe(tag)}, expected a string`);
  if (tag === "") throw new ValueError(`${op}: the tag is empty; name what is shown, such as "loss"`);
  checkStep(`${op}: the step of ${JSON.stringify(tag)}`, step);
}

function checkStep(place: string, step: unknown): void {
  if (Number.isSafeInteger(step)) return;
  if (typeof step !== "number") throw new TypeError(`${place} is ${describe(step)}, expected a number`);
  throw new ValueError(`${place} is ${step}, expected an integer; count the steps of the training`);
}

/** The elements of a value that exists now. Reading it is no op: no tape or graph hears of it. */
function elementsOf(op: string, tag: string, value: unknown): Pick<Tensor, "data" | "shape" | "size"> {
  if (value instanceof SymbolicTensor || (value instanceof Variable && value.graph !== null)) {
    throw new TypeError(
      `${op}: ${value.name} belongs to a graph, it has no value of its own; pass what session.run gives for it`,
    );
  }
  const found = value instanceof Variable ? value : literal(op, value);
  if (found.dtype !== "bool") return found;
  throw new TypeError(`${op}: ${JSON.stringify(tag)} has dtype bool, expected numbers; cast it to float32 first`);
}

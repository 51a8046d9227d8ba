import { create, toBinary } from "@bufbuild/protobuf";
import { Graph, nameOf, type Operand, State, SymbolicTensor } from "@gradtape/graph";
import { describe, literal, type Tensor, ValueError } from "@gradtape/tensor";
import { encodeGraph } from "./graph-message.ts";
import { histogramOf } from "./histogram.ts";
import { frameRecord } from "./record.ts";
import { type EventInit, EventSchema } from "./schema.ts";

export interface SummaryWriterOptions {
  /** The time that events bear, in seconds since 1970; that of the clock when left out. */
  readonly now?: () => number;
}

/**
 * Makes an event file of what is told to it: scalars, histograms, graphs. `sink` gets the bytes, a whole record at a
 * time; all records one after the other are the file. It needs no file system, so it runs in browsers.
 */
export class SummaryWriter {
  private readonly sink: (record: Uint8Array) => void;
  private readonly now: () => number;

  constructor(sink: (record: Uint8Array) => void, { now = () => Date.now() / 1000 }: SummaryWriterOptions = {}) {
    this.sink = sink;
    this.now = now;
    this.put({ what: { case: "fileVersion", value: "brain.Event:2" } });
  }

  /**
   * A point of the curve `tag`: a number, or a tensor or variable with one element. It is kept as float32; NaN and
   * infinities stay what they are, and TensorBoard marks them.
   */
  scalar(tag: string, value: Operand, step: number): void {
    checkTag("scalar", tag);
    checkStep("scalar", step);
    const { data, size } = elementsOf("scalar", value);
    if (size !== 1) throw new ValueError(`scalar: ${nameOf(value)} has ${size} elements, expected one; take its mean`);
    this.summary(step, { tag, value: { case: "simpleValue", value: Math.fround(data[0]!) } });
  }

  /**
   * How the elements of a tensor or variable are spread, in TensorFlow's default buckets. Throws an
   * InvalidArgumentError when one of them is not finite.
   */
  histogram(tag: string, value: Operand, step: number): void {
    checkTag("histogram", tag);
    checkStep("histogram", step);
    this.summary(step, { tag, value: { case: "histo", value: histogramOf(tag, elementsOf("histogram", value)) } });
  }

  /** A graph to look at. Variables of eager mode that it uses are shown beside its operations. */
  graph(graph: Graph): void {
    if (!(graph instanceof Graph)) {
      throw new TypeError(`graph: expected a Graph, got ${describe(graph)}; fromGraphDef makes one of a definition`);
    }
    this.put({ what: { case: "graphDef", value: encodeGraph(graph) } });
  }

  private summary(step: number, value: SummaryInit): void {
    this.put({ step: BigInt(step), what: { case: "summary", value: { value: [value] } } });
  }

  private put(event: EventInit): void {
    const message = create(EventSchema, { wallTime: this.now(), ...event });
    this.sink(frameRecord(toBinary(EventSchema, message)));
  }
}

type SummaryInit = NonNullable<Extract<EventInit["what"], { case: "summary" }>["value"]["value"]>[number];

function checkTag(op: string, tag: unknown): void {
  if (typeof tag !== "string") throw new TypeError(`${op}: the tag is ${describe(tag)}, expected a string`);
  if (tag === "") throw new ValueError(`${op}: the tag is empty; name what is shown, such as "loss"`);
}

function checkStep(op: string, step: unknown): void {
  if (Number.isSafeInteger(step)) return;
  const got = typeof step === "number" ? step : describe(step);
  throw new ValueError(`${op}: step is ${got}, expected an integer; count the steps of the training`);
}

/** The elements of a value that exists now. Reading it is no op: no tape or graph hears of it. */
function elementsOf(op: string, value: unknown): Pick<Tensor, "data" | "shape" | "size"> {
  const ofGraph = value instanceof SymbolicTensor || (value instanceof State && value.graph !== null);
  if (ofGraph) {
    throw new TypeError(
      `${op}: ${value.name} belongs to a graph, it has no value of its own; pass what session.run gives for it`,
    );
  }
  if (!(value instanceof State)) return literal(op, value);
  const { data, shape } = value.storage!.value;
  return { data, shape, size: data.length };
}

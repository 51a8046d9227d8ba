import * as gt from "gradtape";
import type { DigitImages } from "./examples.ts";
import type { LaneView, Order, Report } from "./protocol.ts";
import { Session } from "./session.ts";

/* The worker: it trains in slices, and between them hears what the page wants. */

// The same numbers in every browser, and in Node.
gt.strictNumerics(true);

const millisecondsInSlice = 6;
/** Steps that were missed are made up for at most this long. */
const millisecondsOfCredit = 250;

const scope = self as unknown as {
  postMessage(message: Report, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<Order>) => void) | null;
};

let session: Session | null = null;
let build = -1;
let images: DigitImages | null = null;
let running = false;
let frameWanted = false;
let changed = false;
let rate = Number.POSITIVE_INFINITY;
let credit = 0;
let last = 0;
let scheduled = false;
/** Steps made and when, to tell the speed. */
let speed = { steps: 0, since: 0, told: 0 };

// A message to oneself comes after what has arrived meanwhile; a timer would wait for milliseconds.
const channel = new MessageChannel();
channel.port1.onmessage = slice;

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  const wait = rate === Number.POSITIVE_INFINITY ? 0 : Math.max(0, (1 - credit) / rate) * 1000;
  if (wait < 1) channel.port2.postMessage(null);
  else setTimeout(slice, Math.min(wait, 100));
}

function slice(): void {
  scheduled = false;
  if (!running || session === null) return;
  const began = performance.now();
  const earned = rate === Number.POSITIVE_INFINITY ? rate : ((began - last) * rate) / 1000;
  credit = Math.min(credit + earned, Math.max(1, (rate * millisecondsOfCredit) / 1000));
  last = began;
  while (credit >= 1) {
    if (!advance()) return;
    credit--;
    speed.steps++;
    if (performance.now() - began > millisecondsInSlice) break;
  }
  tellFrame();
  schedule();
}

/** One step; false when the run has come to its end. */
function advance(): boolean {
  changed = true;
  try {
    const report = session!.advance();
    if (report === null) return true;
    scope.postMessage(report);
  } catch (error) {
    tellFailure(error);
  }
  running = false;
  return false;
}

function tellFailure(error: unknown): void {
  scope.postMessage({ type: "failed", build, message: error instanceof Error ? error.message : String(error) });
}

function tellFrame(): void {
  if (!frameWanted || !changed || session === null) return;
  frameWanted = false;
  changed = false;
  const now = performance.now();
  if (now - speed.since > 500) {
    speed = { steps: 0, since: now, told: (1000 * speed.steps) / (now - speed.since) };
  }
  const snapshot = session.snapshot();
  const transfer = snapshot.lanes.flatMap(buffersOf);
  scope.postMessage({ ...snapshot, running, stepsPerSecond: speed.told }, transfer);
}

function buffersOf({ surface, neurons, guesses, table, weights, slots }: LaneView): ArrayBuffer[] {
  const arrays = [surface, neurons, guesses, table, ...(weights ?? []), ...(slots ?? []).map(({ counts }) => counts)];
  return arrays.flatMap((array) => (array === null ? [] : [array.buffer]));
}

async function fetchDigits(): Promise<DigitImages> {
  try {
    return await (await import("./images.ts")).loadDigits();
  } catch {
    throw new Error("The images of the digits could not be loaded. Are you offline?");
  }
}

async function begin(order: Extract<Order, { type: "build" }>): Promise<void> {
  build = order.build;
  running = false;
  session = null;
  if (images === null && order.runs.some(({ data }) => data === "digits")) {
    images = await fetchDigits();
    if (build !== order.build) return;
  }
  session = new Session(order.build, order.runs, order.pictures, images);
  changed = true;
  scope.postMessage(session.describe());
  tellFrame();
}

const handlers: { readonly [T in Order["type"]]: (order: Extract<Order, { type: T }>) => void | Promise<void> } = {
  build: begin,
  run({ stepsPerSecond }) {
    rate = stepsPerSecond;
    if (!running) {
      speed = { steps: 0, since: performance.now(), told: 0 };
      last = performance.now();
      credit = 1;
    }
    running = session !== null;
    schedule();
  },
  pause() {
    running = false;
    changed = true;
    tellFrame();
  },
  step() {
    running = false;
    if (session !== null) advance();
    tellFrame();
  },
  hyper({ lane, name, value }) {
    if (session !== null) scope.postMessage(session.setHyper(lane, name, value));
  },
  frame() {
    frameWanted = true;
    tellFrame();
  },
  back() {
    session?.goBack();
    changed = true;
    tellFrame();
  },
  weights({ lane }) {
    const bytes = session?.save(lane);
    if (bytes !== undefined) scope.postMessage({ type: "weights", bytes }, [bytes.buffer]);
  },
};

scope.onmessage = async ({ data }) => {
  try {
    await (handlers[data.type] as (order: Order) => void | Promise<void>)(data);
  } catch (error) {
    running = false;
    tellFailure(error);
  }
};

import { clearScreenDown, cursorTo, moveCursor } from "node:readline";
import cliProgress from "cli-progress";
import { drawCurve, narrowestCurve } from "./curve.ts";
import { count, duration, epochOf, percent } from "./format.ts";
import type { Colors, Output, Progress, Screen } from "./screen.ts";

const millisecondsBetweenCurves = 1000;
const curveHeight = 8;
const widestCurve = 76;
// What stands beside the bar, at its longest.
const textWidth = 78;

/** A terminal: a loss curve with a progress bar under it, redrawn in place below the lines that stay. */
export class LiveScreen implements Screen {
  readonly colors: Colors;
  readonly #output: Output;
  #bar: cliProgress.SingleBar | undefined;
  #curveLines = 0;
  #curveDrawn = Number.NEGATIVE_INFINITY;
  #epoch = 0;

  constructor(output: Output, colors: Colors) {
    this.#output = output;
    this.colors = colors;
  }

  get columns(): number {
    return this.#output.columns ?? 80;
  }

  line(text = ""): void {
    this.close();
    this.#output.write(`${text}\n`);
  }

  progress(state: Progress): void {
    const now = performance.now();
    const redraw = state.epoch !== this.#epoch || now - this.#curveDrawn >= millisecondsBetweenCurves;
    if (this.#bar !== undefined && !redraw) {
      this.#bar.update(state.step, this.#texts(state));
      return;
    }
    this.close();
    this.#epoch = state.epoch;
    this.#curveDrawn = now;
    this.#drawCurve(state);
    this.#startBar(state);
  }

  close(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    if (this.#curveLines === 0) return;
    cursorTo(this.#output, 0);
    moveCursor(this.#output, 0, -this.#curveLines);
    clearScreenDown(this.#output);
    this.#curveLines = 0;
  }

  #drawCurve(state: Progress): void {
    const width = Math.min(this.columns - 1, widestCurve);
    // A curve taller than the window could not be erased again.
    if (width < narrowestCurve || (this.#output.rows ?? 24) < curveHeight + 6) return;
    const lines = drawCurve(state.losses, state.totalSteps, width, curveHeight);
    for (const line of lines) this.#output.write(`${this.colors.cyan(line)}\n`);
    this.#curveLines = lines.length;
  }

  #startBar(state: Progress): void {
    this.#bar = new cliProgress.SingleBar({
      stream: this.#output,
      format: `{epoch} ${this.colors.cyan("{bar}")} {percentage} % | loss {loss} | accuracy {accuracy} | {rate}/s | {left} left`,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: Math.max(6, Math.min(40, this.columns - textWidth)),
      clearOnComplete: true,
      hideCursor: true,
      // The program listens to Ctrl-C itself; the bar must not end the process.
      gracefulExit: false,
    });
    this.#bar.start(state.steps, state.step, this.#texts(state));
  }

  #texts(state: Progress): Record<string, string> {
    return {
      epoch: epochOf(state.epoch, state.epochs),
      loss: state.loss.toFixed(4),
      accuracy: percent(state.accuracy),
      rate: count(state.examplesPerSecond),
      left: duration(state.millisecondsLeft),
    };
  }
}

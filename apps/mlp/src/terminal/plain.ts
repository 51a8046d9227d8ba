import { count, duration, epochOf, percent } from "./format.ts";
import type { Colors, Output, Progress, Screen } from "./screen.ts";

const millisecondsBetweenLines = 5000;

/** Plain lines for files and pipes: no escape codes, and a progress line only when nothing else was said for a while. */
export class PlainScreen implements Screen {
  readonly columns = 80;
  readonly colors: Colors;
  readonly #output: Output;
  #lastLine = Date.now();

  constructor(output: Output, colors: Colors) {
    this.#output = output;
    this.colors = colors;
  }

  line(text = ""): void {
    this.#lastLine = Date.now();
    this.#output.write(`${text}\n`);
  }

  progress(state: Progress): void {
    if (Date.now() - this.#lastLine < millisecondsBetweenLines) return;
    const share = Math.floor((100 * state.step) / state.steps);
    this.line(
      `${epochOf(state.epoch, state.epochs)}  ${String(share).padStart(3)} %  loss ${state.loss.toFixed(4)}  ` +
        `accuracy ${percent(state.accuracy)}  ${count(state.examplesPerSecond)}/s  ` +
        `${duration(state.millisecondsLeft)} left`,
    );
  }

  close(): void {}
}

import type pc from "picocolors";

/** Paints a text, or leaves it as it is where colours are not wanted. */
export type Colors = Pick<ReturnType<typeof pc.createColors>, "bold" | "cyan" | "dim" | "green" | "red" | "yellow">;

/** Where a run stands. */
export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done in this epoch, and of how many. */
  readonly step: number;
  readonly steps: number;
  /** The loss of every step of the run so far, and how many there will be. */
  readonly losses: readonly number[];
  readonly totalSteps: number;
  /** Means over the last steps. */
  readonly loss: number;
  readonly accuracy: number;
  readonly examplesPerSecond: number;
  readonly millisecondsLeft: number;
}

/** What a run writes on: a live terminal, or plain lines where the output goes to a file or a pipe. */
export interface Screen {
  readonly columns: number;
  readonly colors: Colors;
  /** Writes a line that stays. */
  line(text?: string): void;
  /** Shows where the run stands; may be called as often as one likes. */
  progress(progress: Progress): void;
  /** Leaves the terminal as it was found. */
  close(): void;
}

/** The part of `process.stdout` that a screen needs. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

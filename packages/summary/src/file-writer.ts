import { anything, callable, defineMethods, type Kind, number, Signature, string } from "@gradtape/tensor";
import { EventFile, type EventFileOptions } from "./event-file.ts";
import { SummaryWriter, type SummaryWriterOptions } from "./summary-writer.ts";

export interface FileWriterOptions extends EventFileOptions, SummaryWriterOptions {}

const signature = new Signature(
  "FileWriter",
  { folder: anything as Kind<string> },
  { maxQueue: number, flushMillis: number, filenameSuffix: string, now: callable as Kind<() => number> },
);

/**
 * Writes an event file. Some records wait in memory until there are more; a process that ends without `close` loses
 * those, and the file is whole up to there.
 */
export class FileWriter extends SummaryWriter {
  private readonly file: EventFile;

  /**
   * Makes `folder`, if need be, and a new file in it; the folder, or one above it, is what `tensorboard --logdir` is
   * given. Throws a RuntimeError, with that of the system as its cause, where that cannot be done.
   */
  constructor(folder: string, options?: FileWriterOptions);
  constructor(...args: readonly unknown[]) {
    const { folder, now, ...options } = signature.record(args);
    const file = new EventFile(folder, options);
    super((record) => file.append(record), { now });
    this.file = file;
    file.flush();
  }

  static {
    defineMethods("FileWriter", FileWriter, { flush: [{}], close: [{}] });
  }

  /** Where the file is. */
  get path(): string {
    return this.file.path;
  }

  /** Hands all that waits to the system. Throws a RuntimeError when it does not take it; nothing is lost by that. */
  flush(): void {
    this.file.flush();
  }

  /** Writes what waits and ends the file. */
  close(): void {
    this.file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { RuntimeError, ValueError } from "@gradtape/tensor";

export interface RecordFileOptions {
  /** How many records wait for each other before they are written; 10 when left out. */
  readonly maxQueue?: number;
  /** How long a record may wait until the next one takes it along, in milliseconds; 120,000 when left out. */
  readonly flushMillis?: number;
  /** Put at the end of the file's name. */
  readonly filenameSuffix?: string;
}

/** A new event file in a folder, to which whole records are appended. */
export class RecordFile {
  readonly path: string;
  private readonly maxQueue: number;
  private readonly flushMillis: number;
  private file: number | null;
  private queue: Uint8Array[] = [];
  private written = 0;
  private flushed = performance.now();

  constructor(folder: string, { maxQueue = 10, flushMillis = 120_000, filenameSuffix = "" }: RecordFileOptions) {
    if (!(maxQueue >= 0)) throw new ValueError(`createFileWriter: maxQueue is ${maxQueue}, expected at least 0`);
    if (!(flushMillis >= 0))
      throw new ValueError(`createFileWriter: flushMillis is ${flushMillis}, expected at least 0`);
    this.maxQueue = maxQueue;
    this.flushMillis = flushMillis;
    mkdirSync(folder, { recursive: true });
    [this.path, this.file] = openNew(folder, filenameSuffix);
  }

  append(record: Uint8Array): void {
    this.assertOpen();
    this.queue.push(record);
    if (this.queue.length > this.maxQueue || performance.now() - this.flushed >= this.flushMillis) this.flush();
  }

  /** Hands all records to the system. */
  flush(): void {
    const file = this.assertOpen();
    const bytes = Buffer.concat(this.queue);
    try {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(file, bytes, done, bytes.length - done, this.written + done);
      }
    } catch (error) {
      // Part of a record would make all that follow unreadable.
      ftruncateSync(file, this.written);
      throw error;
    }
    this.written += bytes.length;
    this.queue = [];
    this.flushed = performance.now();
  }

  /** Writes what waits and closes the file; does nothing when that has been done. */
  close(): void {
    if (this.file === null) return;
    try {
      this.flush();
    } finally {
      closeSync(this.file);
      this.file = null;
    }
  }

  private assertOpen(): number {
    if (this.file !== null) return this.file;
    throw new RuntimeError(`FileWriter: ${this.path} is closed, nothing can be added; make another writer`);
  }
}

/** Opens a file that did not exist: the second writer of a second has a number in its name. */
function openNew(folder: string, suffix: string): [path: string, file: number] {
  const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, "0");
  for (let i = 0; ; i++) {
    const name = `events.out.tfevents.${seconds}.${hostname()}${i === 0 ? "" : `.${i}`}${suffix}`;
    const path = join(folder, name);
    try {
      return [path, openSync(path, "wx")];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { getSystemErrorMap } from "node:util";
import { describe, RuntimeError, ValueError } from "@gradtape/tensor";

export interface EventFileOptions {
  /** How many records wait for each other before they are written; 10 when left out. */
  readonly maxQueue?: number;
  /** How long a record may wait until the next one takes it along, in milliseconds; 120,000 when left out. */
  readonly flushMillis?: number;
  /** Put at the end of the file's name. */
  readonly filenameSuffix?: string;
}

/** A new event file in a folder, to which whole records are appended. */
export class EventFile {
  readonly path: string;
  private readonly maxQueue: number;
  private readonly flushMillis: number;
  private file: number | null;
  private queue: Uint8Array[] = [];
  private written = 0;
  private flushed = performance.now();

  constructor(folder: string, { maxQueue = 10, flushMillis = 120_000, filenameSuffix = "" }: EventFileOptions) {
    if (typeof folder !== "string" || folder === "") {
      throw new TypeError(`FileWriter: the folder is ${describe(folder)}, expected its path`);
    }
    checkLimit("maxQueue", maxQueue);
    checkLimit("flushMillis", flushMillis);
    this.maxQueue = maxQueue;
    this.flushMillis = flushMillis;
    try {
      makeFolder(folder);
      [this.path, this.file] = openNew(folder, filenameSuffix);
    } catch (error) {
      throw failed(`${folder}: no event file can be made there`, error, "name a folder you may write to");
    }
  }

  append(record: Uint8Array): void {
    this.assertOpen();
    this.queue.push(record);
    if (this.queue.length > this.maxQueue || performance.now() - this.flushed >= this.flushMillis) this.flush();
  }

  /** Hands all records to the system. Those that cannot be written stay, and are tried again with the next. */
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
      const what = `${this.path}: ${bytes.length} bytes cannot be added`;
      throw failed(what, error, "what is in the file already is whole; make room and flush, or close");
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

function checkLimit(name: string, value: number): void {
  if (!(value >= 0)) throw new ValueError(`FileWriter: ${name} is ${value}, expected a number of at least 0`);
}

// `mkdir` with `recursive` never ends where a file system that exists has no room for folders, such as /proc.
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    mkdirSync(folder);
  } catch (error) {
    if (!isTaken(error)) throw error;
  }
}

function isTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EEXIST";
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
      if (!isTaken(error)) throw error;
    }
  }
}

/** A RuntimeError for a system call that failed, which it carries as its cause. */
function failed(fact: string, cause: unknown, advice: string): RuntimeError {
  const { errno, code, message } = cause as NodeJS.ErrnoException;
  const [, reason = message] = getSystemErrorMap().get(errno ?? 0) ?? [];
  return new RuntimeError(`FileWriter: ${fact}, ${reason}${code ? ` (${code})` : ""}; ${advice}`, { cause });
}

import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  anything,
  boolean,
  defineMethods,
  InvalidArgumentError,
  instance,
  number,
  RuntimeError,
  Signature,
  shown,
  string,
  ValueError,
} from "@gradtape/tensor";
import { Checkpoint, type RestoreOptions, type RestoreReport } from "./checkpoint.ts";
import { makeFolder, removeLeftovers, replaceFile } from "./replace-file.ts";
import { decodeRun, type SavedRun } from "./saved-run.ts";

export interface CheckpointManagerOptions {
  /** How many checkpoints stay in the folder; 5 when left out. */
  readonly maxToKeep?: number;
}

/** A checkpoint of the folder, and what it has brought back. */
export interface RestoredCheckpoint extends RestoreReport {
  readonly path: string;
  readonly step: number;
  /** Newer ones that could not be used, and why. */
  readonly damaged: readonly { readonly path: string; readonly reason: string }[];
}

interface Stored {
  readonly path: string;
  readonly step: number;
}

const signature = new Signature(
  "CheckpointManager",
  { checkpoint: instance("a Checkpoint", Checkpoint), folder: string },
  { maxToKeep: number },
);

/**
 * Keeps the last checkpoints of a run in a folder, one file `checkpoint-<step>.safetensors` for each. A file is whole or
 * not there, whenever the process ends; a damaged one is passed over for the one before it.
 */
export class CheckpointManager {
  private readonly checkpoint: Checkpoint;
  private readonly folder: string;
  private readonly maxToKeep: number;
  private last: Promise<unknown> = Promise.resolve();
  private tidied = false;

  /** Throws a ValueError unless `maxToKeep` is a whole number above 0. Nothing is touched yet. */
  constructor(checkpoint: Checkpoint, folder: string, options?: CheckpointManagerOptions);
  constructor(...args: readonly unknown[]) {
    const { checkpoint, folder, maxToKeep = 5 } = signature.record(args);
    if (!Number.isSafeInteger(maxToKeep) || maxToKeep < 1) {
      throw new ValueError(`CheckpointManager: maxToKeep must be a whole number above 0, got ${maxToKeep}`);
    }
    this.checkpoint = checkpoint;
    this.folder = folder;
    this.maxToKeep = maxToKeep;
  }

  static {
    defineMethods("CheckpointManager", CheckpointManager, {
      save: [{ step: anything }],
      checkpoints: [{}],
      restoreLatest: [{}, { partial: boolean }],
    });
  }

  /**
   * Saves the state of this moment (training may go on while it is written), then removes the oldest checkpoints up to this
   * step beyond `maxToKeep`. Resolves to the path of the file. The folder is made where it is missing.
   *
   * Rejects with a RuntimeError when it cannot be written; the checkpoints before it are as they were.
   */
  async save(step: number): Promise<string> {
    if (!Number.isSafeInteger(step) || step < 0) {
      throw new ValueError(`save: step must be a whole number from 0 on, got ${shown(step)}`);
    }
    const bytes = this.checkpoint.save();
    const saved = this.last.then(() => this.write(step, bytes));
    this.last = saved.catch(() => {});
    return saved;
  }

  /** The checkpoints in the folder, oldest first; none where there is no folder. */
  async checkpoints(): Promise<string[]> {
    return (await this.stored()).map(({ path }) => path);
  }

  /**
   * Brings back the newest checkpoint that is whole; `null` where there is none at all.
   *
   * Rejects with an InvalidArgumentError when every one is damaged, and when the newest whole one does not fit the run
   * (see `Checkpoint.restore`); with a RuntimeError for a file that cannot be read.
   */
  async restoreLatest(options: RestoreOptions = {}): Promise<RestoredCheckpoint | null> {
    const damaged: { path: string; reason: string }[] = [];
    for (const { path, step } of (await this.stored()).reverse()) {
      const run = await read(path);
      if (!(run instanceof InvalidArgumentError)) {
        return { ...this.checkpoint.restore(run, options), path, step, damaged };
      }
      damaged.push({ path, reason: run.message });
    }
    if (damaged.length === 0) return null;
    const told = damaged.map(({ path, reason }) => `${path}: ${reason}`).join("; ");
    throw new InvalidArgumentError(`restoreLatest: no checkpoint of ${this.folder} is whole: ${told}`);
  }

  private async write(step: number, bytes: Uint8Array): Promise<string> {
    const path = join(this.folder, `checkpoint-${step}.safetensors`);
    try {
      await makeFolder(this.folder);
      if (!this.tidied) await removeLeftovers(this.folder);
      this.tidied = true;
      await replaceFile(path, bytes);
    } catch (cause) {
      const before = await this.stored().then(
        (all) => all.at(-1)?.path,
        () => undefined,
      );
      throw new RuntimeError(
        `save: ${path} cannot be written: ${(cause as Error).message}; ` +
          (before === undefined ? "there is no checkpoint before it" : `${before} is as it was`),
        { cause },
      );
    }
    const older = (await this.stored()).filter((each) => each.step <= step).slice(0, -this.maxToKeep);
    for (const each of older) await rm(each.path, { force: true });
    return path;
  }

  private async stored(): Promise<Stored[]> {
    const names = await readdir(this.folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw new RuntimeError(`CheckpointManager: ${this.folder} cannot be read: ${error.message}`, { cause: error });
    });
    return names
      .flatMap((name) => {
        const [, step] = /^checkpoint-(\d+)\.safetensors$/.exec(name) ?? [];
        return step === undefined ? [] : [{ path: join(this.folder, name), step: Number(step) }];
      })
      .sort((a, b) => a.step - b.step);
  }
}

/** The run that a file holds, or what is wrong with the file. */
async function read(path: string): Promise<SavedRun | InvalidArgumentError> {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new RuntimeError(`restoreLatest: ${path} cannot be read: ${cause.message}`, { cause });
  });
  try {
    return decodeRun(bytes);
  } catch (error) {
    if (error instanceof InvalidArgumentError) return error;
    throw error;
  }
}

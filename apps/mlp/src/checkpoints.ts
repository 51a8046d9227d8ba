import { relative } from "node:path";
import * as gt from "gradtape";
import { CheckpointManager } from "gradtape/node";
import type { Batches } from "./batches.ts";
import type { Learner } from "./learner.ts";
import type { Tally } from "./loop.ts";
import { Mistake } from "./mistake.ts";
import type { RunOptions } from "./options.ts";
import { count } from "./terminal/format.ts";
import type { Screen } from "./terminal/screen.ts";

/** What a run is made of. */
interface Run {
  readonly learner: Learner;
  readonly data: Batches;
  readonly tally: Tally;
  /** The settings on which the bits depend, by the names of their flags. */
  readonly settings: Settings;
  /** The number of epochs; a run that is resumed may take more. */
  readonly epochs: number;
}

type Settings = { readonly [flag: string]: number | string | boolean };

/** Saves a run while it goes on. */
export interface Checkpoints {
  /** Called after each step; saves after every so many. A checkpoint that cannot be written is told, and the run goes on. */
  afterStep(steps: number): Promise<void>;
  /** Saves where the run has come to; a checkpoint that cannot be written is a mistake now. */
  finish(): Promise<void>;
}

const nothing: Checkpoints = { async afterStep() {}, async finish() {} };

/**
 * Checkpoints of a run in the folder that `--checkpoint` names; with `--resume` the run is first brought to where the last
 * whole one stood.
 */
export async function openCheckpoints(
  { checkpoint: folder, checkpointEvery, resume }: RunOptions,
  { learner, data, tally, settings, epochs }: Run,
  screen: Screen,
): Promise<Checkpoints> {
  if (folder === undefined) {
    if (resume) throw new Mistake("--resume needs --checkpoint <folder>, the folder of the run to go on with", 2);
    return nothing;
  }
  const { engine, optimizer, globalStep } = learner;
  const model = Object.fromEntries(learner.weights);
  const group = { model, optimizer, globalStep, data, tally, settings: fixed(settings, epochs, screen) };
  const manager = new CheckpointManager(new gt.Checkpoint(group, { session: engine.session }), folder);
  const attempt = <T>(what: Promise<T>) => what.catch((error: Error) => Promise.reject(mistakeOf(folder, error)));

  if (resume) await attempt(restore(manager, screen));
  else if ((await attempt(manager.checkpoints())).length > 0) {
    throw new Mistake(
      `--checkpoint ${folder}: holds checkpoints of an earlier run; add --resume, or name another folder`,
    );
  }
  // Finds out now whether there will be checkpoints.
  await attempt(manager.save(tally.losses.length));
  return {
    async afterStep(steps) {
      if (steps % checkpointEvery !== 0) return;
      await manager.save(steps).catch((error: Error) => screen.line(screen.colors.yellow(error.message)));
    },
    async finish() {
      const path = await attempt(manager.save(tally.losses.length));
      screen.line(`checkpoint ${relative(".", path)}`);
    },
  };
}

async function restore(manager: CheckpointManager, screen: Screen): Promise<void> {
  const restored = await manager.restoreLatest();
  for (const { path, reason } of restored?.damaged ?? []) screen.line(screen.colors.yellow(`${path}: ${reason}`));
  screen.line(
    restored === null
      ? "no checkpoint yet, so the run begins"
      : `resumed after ${count(restored.step)} steps, from ${relative(".", restored.path)}`,
  );
}

/** Settings that must be the same when the run goes on, and the epochs, which may be others. */
function fixed(settings: Settings, epochs: number, screen: Screen): gt.Stateful {
  return {
    state: { ...settings, epochs },
    restore({ epochs: planned, ...saved }: Settings) {
      if (planned !== epochs) {
        const rate = settings.schedule === "constant" ? "" : "; the learning rate follows the new plan";
        screen.line(`planned for ${planned} epochs before, for ${epochs} now${rate}`);
      }
      const differing = Object.keys({ ...saved, ...settings }).filter((flag) => saved[flag] !== settings[flag]);
      if (differing.length === 0) return;
      const told = differing.map((flag) => `--${flag} was ${saved[flag]}, is ${settings[flag]}`);
      throw new Mistake(`--resume: the run had other settings: ${told.join("; ")}; give it those it had`);
    },
  };
}

function mistakeOf(folder: string, error: Error): Error {
  const known = [gt.RuntimeError, gt.InvalidArgumentError, gt.ValueError].some((kind) => error instanceof kind);
  return known ? new Mistake(`--checkpoint ${folder}: ${error.message}`) : error;
}

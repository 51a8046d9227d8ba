import { computed, type Signal, signal } from "@preact/signals";
import { runProblem, settings, trainer } from "../state.ts";
import { mainScene } from "./program-scenes.ts";
import type { Scene } from "./scene.ts";
import type { ProgramProblem, RunOrder, RunProgress, RunReport } from "./wire.ts";

/* What is looked at: a step of the run, and what the program did. Both are kept while the other one is shown. */

/** Scenes, and how far the one that is shown has come. */
export interface View {
  readonly scenes: Signal<readonly Scene[]>;
  readonly chosen: Signal<number>;
  readonly moment: Signal<number>;
  readonly problem: Signal<ProgramProblem | null>;
  readonly busy: Signal<boolean>;
}

const makeView = (): View => ({
  ...{ scenes: signal<readonly Scene[]>([]), chosen: signal(0), moment: signal(0) },
  ...{ problem: signal<ProgramProblem | null>(null), busy: signal(false) },
});

export const views = { run: makeView(), program: makeView() };

/** The view that the settings choose. */
export const view = computed(() => views[settings.value.inside.look]);

export const scene = computed<Scene | null>(() => view.value.scenes.value[view.value.chosen.value] ?? null);

export const playing = signal(false);

/** Shows these scenes from their beginning. */
export function present(shown: View, scenes: readonly Scene[]): void {
  playing.value = false;
  shown.scenes.value = scenes;
  choose(shown, Math.max(0, mainScene(scenes)));
}

export function choose(shown: View, index: number): void {
  shown.chosen.value = index;
  shown.moment.value = 0;
}

/** Goes to a moment, as far as there are any. */
export function goTo(moment: number): void {
  const last = (scene.value?.moments.length ?? 1) - 1;
  view.value.moment.value = Math.min(last, Math.max(0, moment));
}

/** The step of the run that is being made again, and how many steps are made already; `null` at rest. */
export const replay = signal<{ readonly step: number; readonly made: number } | null>(null);

let worker: Worker | null = null;
let order = 0;

function startWorker(): Worker {
  const started = new Worker(new URL("./inside.worker.ts", import.meta.url), { type: "module", name: "look inside" });
  started.onmessage = ({ data }: MessageEvent<RunReport | RunProgress>) => {
    if (data.id !== order) return;
    if ("made" in data) {
      if (replay.value !== null) replay.value = { ...replay.value, made: data.made };
      return;
    }
    const { scene: found, problem } = data;
    rest();
    views.run.problem.value = problem === null ? null : { message: problem, line: null };
    if (found !== null) present(views.run, [found]);
  };
  started.onerror = (event) => {
    rest();
    views.run.problem.value = { message: `The step could not be made: ${event.message || "no script"}.`, line: null };
  };
  return started;
}

function rest(): void {
  views.run.busy.value = false;
  replay.value = null;
}

/** Ends the worker, which receives no message while it makes steps. */
function dropWorker(): void {
  worker?.terminate();
  worker = null;
  order++;
  rest();
}

/** Gives up the step that is being made again; what was shown before stays. */
export function cancelReplay(): void {
  dropWorker();
  made = "";
}

/** What the scene of the run was made for, so that it is made once. */
let made = "";
/** The state of the training when it was last followed. */
let followed = "";

/** Looks into the step that the run of the first part would make next; stays where that is as it was. */
export function followRun(): void {
  const step = trainer.snapshot.peek()?.step ?? 0;
  const present = JSON.stringify([settings.peek().train, trainer.changes, step]);
  if (present === followed && views.run.problem.value === null) return;
  followed = present;
  lookIntoRun(step);
}

/** Looks into the step of the run that comes behind `step` steps. */
export function lookIntoRun(step: number): void {
  const run = trainer.begun[0] ?? settings.peek().train;
  const problem = runProblem(run);
  const wanted: Omit<RunOrder, "id"> = { run, step, changes: trainer.changes };
  const text = JSON.stringify(wanted);
  if (text === made && views.run.problem.value === null) return;
  made = text;
  views.run.problem.value = problem === null ? null : { message: problem, line: null };
  if (problem !== null) {
    present(views.run, []);
    return;
  }
  if (views.run.busy.value) dropWorker();
  worker ??= startWorker();
  order++;
  views.run.busy.value = true;
  replay.value = { step: step + 1, made: 0 };
  worker.postMessage({ ...wanted, id: order } satisfies RunOrder);
}

import { batch, effect, signal } from "@preact/signals";
import { questionOf } from "./data/catalog.ts";
import { pointsProblem, unpackPoints } from "./data/points.ts";
import { type OptimizerSettings, optimizerEntry } from "./model/optimizers.ts";
import type { Run } from "./model/run.ts";
import {
  defaultSettings,
  readSettings,
  type Settings,
  type Speeds,
  type Tab,
  writeSettings,
} from "./model/settings.ts";
import { Client } from "./worker/client.ts";

/* What is set, in one place. The address follows it, and it follows the address. */

/** Something the page has to say. */
export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly tone: "problem" | "news";
}

const first = readSettings(location.hash.slice(1), defaultSettings);

export const settings = signal<Settings>(first.settings);
export const notices = signal<readonly Notice[]>([]);

/** The training of the page's first part. */
export const trainer = new Client(true);
trainer.stepsPerSecond.value = first.settings.speed.train;

let noticeCount = 0;

/** Says something until it is dismissed. */
export function tell(text: string, tone: Notice["tone"] = "problem"): void {
  if (notices.value.some((each) => each.text === text)) return;
  notices.value = [...notices.value.slice(-3), { id: ++noticeCount, text, tone }];
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** Why a run cannot begin, or `null`. */
export function runProblem(run: Run): string | null {
  if (run.data !== "own") return null;
  const points = unpackPoints(run.own);
  return points === null ? pointsProblem({ classes: 2, points: [] }) : pointsProblem(points);
}

/** What the data of the present run ask. */
export const question = () => questionOf(settings.value.train);

/** Begins the training anew with the present settings. */
export function resetTraining(): void {
  const { train } = settings.value;
  if (runProblem(train) === null) trainer.begin([train]);
  else trainer.clear();
}

/** The numbers that differ, where nothing else does and a run can go on with them; else `null`. */
export function liveDifference(before: OptimizerSettings, after: OptimizerSettings): [string, number][] | null {
  if (before.kind !== after.kind) return null;
  const changed = optimizerEntry(after.kind).parameters.filter(
    ({ name }) => before.values[name] !== after.values[name],
  );
  if (!changed.every(({ live }) => live)) return null;
  return changed.map(({ name }) => [name, after.values[name] as number]);
}

/** Changes the run. The training goes on where only numbers of the optimizer changed, else it begins anew. */
export function changeTrain(patch: Partial<Run>): void {
  const before = settings.value.train;
  const train = { ...before, ...patch };
  settings.value = { ...settings.value, train };
  const onlyOptimizer = Object.keys(patch).every((name) => name === "optimizer");
  const live = onlyOptimizer ? liveDifference(before.optimizer, train.optimizer) : null;
  if (live === null) resetTraining();
  else for (const [name, value] of live) trainer.setHyper(0, name, value);
}

/** Sets the speed of a part, in steps per second. */
export function setSpeed(part: keyof Speeds, client: Client, stepsPerSecond: number): void {
  settings.value = { ...settings.value, speed: { ...settings.value.speed, [part]: stepsPerSecond } };
  client.setSpeed(stepsPerSecond);
}

export function openTab(tab: Tab): void {
  settings.value = { ...settings.value, tab };
}

const withoutVectors =
  "This browser has no WebAssembly SIMD, or it is switched off or forbidden here: the training runs in plain JavaScript, to the same numbers, but slowly.";

function tellProblems(problems: readonly string[], instead: string): void {
  if (problems.length === 0) return;
  tell([`Settings in the address of this page cannot be used; ${instead}:`, ...problems].join("\n"));
}

const addressDelay = 250;
let written = location.hash.slice(1);

/** The part of the page that is shown: going back leads to the one before. */
const placeOf = ({ tab, inside }: Settings) => (tab === "inside" ? `${tab} ${inside.look}` : tab);
let place = placeOf(first.settings);

/** Writes the address; another part of the page becomes a place of its own in the history. */
function writeAddress(text: string): void {
  const moved = placeOf(settings.value) !== place;
  place = placeOf(settings.value);
  written = text;
  const address = text === "" ? location.pathname + location.search : `#${text}`;
  try {
    history[moved ? "pushState" : "replaceState"](null, "", address);
  } catch {
    // A frame with a sandbox may not have an address.
  }
}

/** Begins: the training, and the exchange with the address. */
export function start(): void {
  tellProblems(first.problems, "they are at their defaults");
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const text = writeSettings(settings.value);
    clearTimeout(timer);
    // Browsers take it ill when an address changes at every move of a slider.
    if (placeOf(settings.value) === place) timer = setTimeout(() => writeAddress(text), addressDelay);
    else writeAddress(text);
  });
  addEventListener("hashchange", () => {
    const text = location.hash.slice(1);
    if (text === written) return;
    const { settings: next, problems } = readSettings(text, settings.value);
    batch(() => {
      const same = JSON.stringify(next.train) === JSON.stringify(settings.value.train);
      place = placeOf(next);
      settings.value = next;
      tellProblems(problems, "they stay as they were");
      trainer.setSpeed(next.speed.train);
      if (!same) resetTraining();
    });
  });
  effect(() => {
    if (trainer.built.value?.simd === false) tell(withoutVectors);
  });
  resetTraining();
}

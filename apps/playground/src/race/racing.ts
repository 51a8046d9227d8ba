import { effect, signal } from "@preact/signals";
import type { Run } from "../model/run.ts";
import type { Race, Runner } from "../model/settings.ts";
import { liveDifference, runProblem, setSpeed, settings } from "../state.ts";
import { Client } from "../worker/client.ts";
import { type Lesson, lessons } from "./lessons.ts";

/* The race as the page runs it. Its worker starts when somebody comes to look. */

let client: Client | null = null;
let begun: Race | null = null;

/** The lesson that was chosen, as long as nothing was changed. */
export const lesson = signal<Lesson | null>(null);

/** What the runners run. */
export const runsOf = ({ run, runners }: Race): Run[] => runners.map((runner) => ({ ...run, ...runner }));

/** Begins the race anew. */
export function resetRace(): void {
  const { race } = settings.value;
  begun = race;
  if (runProblem(race.run) === null) racer().begin(runsOf(race));
  else racer().clear();
}

/** The race's worker. */
export function racer(): Client {
  if (client !== null) return client;
  client = new Client(false);
  client.stepsPerSecond.value = settings.value.speed.race;
  // An address that was typed changes the race too.
  effect(() => {
    const { race, speed } = settings.value;
    if (client?.stepsPerSecond.peek() !== speed.race) client?.setSpeed(speed.race);
    if (JSON.stringify(race) !== JSON.stringify(begun)) resetRace();
  });
  return client;
}

function setRace(race: Race): void {
  begun = race;
  settings.value = { ...settings.value, race };
}

/** Changes what all runners share. */
export function changeRun(patch: Partial<Run>): void {
  const { race } = settings.value;
  lesson.value = null;
  setRace({ ...race, run: { ...race.run, ...patch } });
  resetRace();
}

/** Takes other runners. */
export function setRunners(runners: readonly Runner[]): void {
  lesson.value = null;
  setRace({ ...settings.value.race, runners });
  resetRace();
}

/** Changes one runner. The race goes on where only numbers of its optimizer changed. */
export function changeRunner(lane: number, patch: Partial<Runner>): void {
  const { race } = settings.value;
  const before = race.runners[lane]!;
  const after = { ...before, ...patch };
  const live = after.embedding === before.embedding ? liveDifference(before.optimizer, after.optimizer) : null;
  lesson.value = null;
  setRace({ ...race, runners: race.runners.with(lane, after) });
  if (live === null) resetRace();
  else for (const [name, value] of live) racer().setHyper(lane, name, value);
}

/** Sets up a lesson, and begins it. */
export function take(chosen: Lesson): void {
  setRace(chosen.race);
  const racing = racer();
  setSpeed("race", racing, chosen.stepsPerSecond);
  lesson.value = chosen;
  resetRace();
  racing.run();
}

/** The lesson whose race is the present one, also after the page was opened by its address. */
export function presentLesson(): Lesson | null {
  const text = JSON.stringify(settings.value.race);
  return lesson.value ?? lessons.find(({ race }) => JSON.stringify(race) === text) ?? null;
}

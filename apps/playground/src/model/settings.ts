import { isProblem, isRunField, readOptimizer, readRunField, writeOptimizer, writeRun } from "./hash.ts";
import { chooseOptimizer, type OptimizerSettings } from "./optimizers.ts";
import { defaultRun } from "./presets.ts";
import { type Embedding, embeddings, type Run } from "./run.ts";

/* Everything that is set, and its text in the address. */

export const tabs = ["train", "race", "inside"] as const;
export type Tab = (typeof tabs)[number];

/** What a runner of a race has to itself. */
export interface Runner {
  readonly optimizer: OptimizerSettings;
  readonly embedding: Embedding;
}

/** A race: one network, two to four runners. */
export interface Race {
  readonly run: Run;
  readonly runners: readonly Runner[];
}

export const looks = ["run", "program"] as const;
export type Look = (typeof looks)[number];

/** What is looked into: the run of the first part, or a program. */
export interface Inside {
  readonly look: Look;
  /** The user's program; empty as long as it is the first example. */
  readonly program: string;
}

/** Steps per second that can be chosen. */
export const speeds = [1, 10, 60, 300, 1000, Number.POSITIVE_INFINITY] as const;

/** Steps per second of each part. */
export interface Speeds {
  readonly train: number;
  readonly race: number;
}

export interface Settings {
  readonly tab: Tab;
  readonly speed: Speeds;
  readonly train: Run;
  readonly race: Race;
  readonly inside: Inside;
}

/** Letters of a program that an address holds. */
export const mostLetters = 20_000;

export const runnerLimits = [2, 4] as const;

export const defaultSettings: Settings = {
  tab: "train",
  speed: { train: 300, race: 60 },
  train: defaultRun,
  race: {
    run: defaultRun,
    runners: [
      { optimizer: defaultRun.optimizer, embedding: "sparse" },
      { optimizer: chooseOptimizer("sgd"), embedding: "sparse" },
      { optimizer: chooseOptimizer("adam"), embedding: "sparse" },
    ],
  },
  inside: { look: "run", program: "" },
};

const speedNames: Readonly<Record<keyof Speeds, string>> = { train: "speed", race: "race.speed" };
const writeSpeed = (speed: number) => (speed === Number.POSITIVE_INFINITY ? "max" : String(speed));

const writeRunner = ({ optimizer, embedding }: Runner) =>
  writeOptimizer(optimizer) + (embedding === "dense" ? ":embedding=dense" : "");

/** The text behind the # of an address. */
export function writeSettings({ tab, speed, train, race, inside }: Settings): string {
  const pairs = [
    ...(tab === "train" ? [] : [["tab", tab]]),
    ...(Object.keys(speedNames) as (keyof Speeds)[]).flatMap((part) =>
      speed[part] === defaultSettings.speed[part] ? [] : [[speedNames[part], writeSpeed(speed[part])]],
    ),
    ...writeRun(train),
    ...writeRun(race.run).map(([name, text]) => [`race.${name}`, text]),
    ...race.runners.map((runner) => ["runner", writeRunner(runner)]),
    ...(inside.look === "run" ? [] : [["look", inside.look]]),
    ...(inside.program === "" || inside.program.length > mostLetters ? [] : [["program", inside.program]]),
  ];
  const usual = defaultSettings.race.runners.map(writeRunner).join();
  const told = race.runners.map(writeRunner).join() === usual ? pairs.filter(([name]) => name !== "runner") : pairs;
  // Commas, colons and slashes may stand in a fragment as they are, and are easier to read.
  return told
    .map(([name, text]) => `${name}=${encodeURIComponent(text!).replace(/%(2C|3A|2F|3D)/g, decodeURIComponent)}`)
    .join("&");
}

function readRunner(text: string): Runner | string {
  const parts = text.split(":");
  const chosen = parts.find((part) => part.startsWith("embedding="))?.slice(10) ?? "sparse";
  if (!embeddings.includes(chosen as Embedding)) return `embedding=${embeddings.join(" or embedding=")}`;
  const optimizer = readOptimizer(parts.filter((part) => !part.startsWith("embedding=")).join(":"));
  return isProblem(optimizer) ? optimizer.expected : { optimizer, embedding: chosen as Embedding };
}

/** What a text says, and what in it cannot be used. What is absent is at its default; what is wrong stays as in `before`. */
export function readSettings(text: string, before: Settings): { settings: Settings; problems: string[] } {
  const problems: string[] = [];
  const runs: { train: Run; race: Run } = { train: defaultRun, race: defaultRun };
  const runners: Runner[] = [];
  let tab: Tab = "train";
  let inside = defaultSettings.inside;
  let { speed } = defaultSettings;
  let brokenRunner = false;
  const refuse = (name: string, given: string, expected: string) => {
    const shown = given.length > 40 ? `${given.slice(0, 40)}…` : given;
    problems.push(`${name} is “${shown}”; expected ${expected}.`);
  };
  for (const part of text.split("&").filter((each) => each !== "")) {
    const cut = part.indexOf("=");
    const name = cut < 0 ? part : part.slice(0, cut);
    let given: string;
    try {
      given = decodeURIComponent(cut < 0 ? "" : part.slice(cut + 1));
    } catch {
      problems.push(`${name} cannot be read: it ends in the middle of a letter.`);
      continue;
    }
    const where = name.startsWith("race.") ? "race" : "train";
    const field = where === "race" ? name.slice(5) : name;
    if (name === "tab") {
      if (tabs.includes(given as Tab)) tab = given as Tab;
      else refuse(name, given, `one of ${tabs.join(", ")}`);
    } else if (Object.values(speedNames).includes(name)) {
      const part = name === "speed" ? "train" : "race";
      const chosen = speeds.find((each) => writeSpeed(each) === given);
      speed = { ...speed, [part]: chosen ?? before.speed[part] };
      if (chosen === undefined) refuse(name, given, `one of ${speeds.map(writeSpeed).join(", ")}`);
    } else if (name === "look") {
      if (looks.includes(given as Look)) inside = { ...inside, look: given as Look };
      else {
        inside = { ...inside, look: before.inside.look };
        refuse(name, given, `one of ${looks.join(", ")}`);
      }
    } else if (name === "program") {
      if (given.length <= mostLetters) inside = { ...inside, program: given };
      else {
        inside = { ...inside, program: before.inside.program };
        refuse(name, given, `at most ${mostLetters} letters`);
      }
    } else if (name === "runner") {
      const runner = readRunner(given);
      if (typeof runner !== "string") runners.push(runner);
      else {
        brokenRunner = true;
        refuse(name, given, runner);
      }
    } else if (isRunField(field)) {
      const value = readRunField(field, given);
      const kept = where === "race" ? before.race.run[field] : before.train[field];
      if (isProblem(value)) refuse(name, given, value.expected);
      runs[where] = { ...runs[where], [field]: isProblem(value) ? kept : value };
    } else problems.push(`“${name.slice(0, 40)}” is no setting of this page.`);
  }
  const [least, most] = runnerLimits;
  const given = runners.length > 0 || brokenRunner;
  const enough = runners.length >= least && runners.length <= most;
  if (given && !enough && !brokenRunner)
    problems.push(`A race has ${least} to ${most} runners, not ${runners.length}.`);
  const chosen = enough ? runners : given ? before.race.runners : defaultSettings.race.runners;
  return { settings: { tab, speed, train: runs.train, race: { run: runs.race, runners: chosen }, inside }, problems };
}

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as gt from "gradtape";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Call, functions, modules, returned } from "./odd-calls.ts";
import { classes } from "./odd-classes.ts";
import { oddValues } from "./odd-values.ts";

/*
 * Odd values in every place of every public function, constructor and method. A call returns, or throws a documented error
 * that begins with the name of a public function or class. It never shows an engine's own message.
 */

type Callable = (...args: unknown[]) => unknown;

/** The calls that one right call gives: each odd value at each place and in each option. */
function* mutations([args, options = []]: Call): Generator<[what: string, args: unknown[]]> {
  yield ["no argument", []];
  for (const [name, value] of Object.entries(oddValues)) {
    for (let i = 0; i <= args.length; i++) yield [`${name} as argument ${i + 1}`, args.toSpliced(i, 1, value)];
    for (const option of [...options, "odd"]) yield [`${name} as ${option}`, [...args, { [option]: value }]];
  }
}

const documented = [
  TypeError,
  gt.ValueError,
  gt.RuntimeError,
  gt.InvalidArgumentError,
  gt.FailedPreconditionError,
  gt.NotFoundError,
  gt.LookupError,
  gt.NotImplementedError,
];

/** Messages of engines. */
const raw =
  /Cannot (read|set|convert|destructure|assign|mix|create|perform|access)|is not (iterable|a function|a constructor|defined|an object)|Invalid (array|typed array|string) length|call stack|\[object |circular/;

/** Names that messages begin with: exports, classes without "Optimizer", methods. */
const speakers = new Set(
  [...Object.values(modules), gt.losses]
    .flatMap((each) => Object.keys(each).flatMap((name) => [name, name.replace(/Optimizer$/, "")]))
    .concat(...Object.values(classes).map(({ methods = {} }) => Object.keys(methods))),
);

/** `checkNumerics` throws the message that its caller gives, as TensorFlow does. */
const givenMessage = /^here : Tensor had (NaN|Inf) values$/;

/** The fault of the error of a call; `null` for an error as documented. */
function fault(error: unknown): string | null {
  if (!(error instanceof Error)) return `throws ${String(error)}`;
  const [line = ""] = error.message.split("\n");
  if (!documented.some((each) => error instanceof each)) return `throws ${error.stack}`;
  if (raw.test(line)) return `shows an engine's words: ${error.stack}`;
  const named = speakers.has(line.split(/[ .:]/, 1)[0]!) || givenMessage.test(line);
  return named ? null : `names no function: ${line}`;
}

let calls = 0;

/** The faults of all mutations of a right call. */
async function faults(right: Call, call: (args: unknown[]) => unknown): Promise<string[]> {
  const found: string[] = [];
  for (const [what, args] of mutations(right)) {
    calls++;
    try {
      await call(args);
    } catch (error) {
      const wrong = fault(error);
      if (wrong !== null) found.push(`${what}: ${wrong}`);
    }
    gt.setMemoryLimit(null);
    gt.strictNumerics(false);
  }
  return found;
}

const isClass = (value: unknown) => Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false;

const exported = [...Object.values(modules).flatMap(Object.entries), ...Object.entries(gt.losses)].filter(
  ([, value]) => typeof value === "function",
) as [name: string, value: Callable][];

const home = process.cwd();
const folder = mkdtempSync(join(tmpdir(), "odd-"));
const rejected: unknown[] = [];
const reject = (reason: unknown) => void rejected.push(reason);
beforeAll(() => {
  process.chdir(folder);
  process.on("unhandledRejection", reject);
});
afterEach(() => expect(rejected).toEqual([]));
afterAll(() => {
  process.chdir(home);
  process.off("unhandledRejection", reject);
  rmSync(folder, { recursive: true });
});

test("every export is in the table", () => {
  const missing = exported.filter(([name, value]) => (isClass(value) ? classes : functions)[name] === undefined);
  expect(missing.map(([name]) => name)).toEqual([]);
});

test.each(exported.filter(([, value]) => !isClass(value)))("the function %s", async (name, value) => {
  expect(await faults(functions[name]!, (args) => value(...args))).toEqual([]);
});

test.each(exported.filter(([, value]) => !isClass(value)))("the function %s in a graph", async (name, value) => {
  const call = (args: unknown[]) =>
    new gt.Graph().asDefault(() => {
      const result = value(...args);
      if (result instanceof Promise) result.catch(() => {});
    });
  expect(await faults(functions[name]!, call)).toEqual([]);
});

test.each(Object.entries(returned))("the function that %s returns", async (_, [make, right]) => {
  expect(await faults(right, (args) => (make() as Callable)(...args))).toEqual([]);
});

/** The body of every method that has a signature. */
const signed = Function.prototype.toString.call(gt.Tensor.prototype.array);

/** The public methods of a class, those of the classes that it extends too. */
function methodsOf({ prototype }: { readonly prototype: object }): string[] {
  const found: string[] = [];
  for (let at = prototype; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === "function" && Function.prototype.toString.call(value) === signed) found.push(name);
    }
  }
  return found;
}

test.each(exported.filter(([, value]) => isClass(value)))("the class %s", async (name, value) => {
  const { constructed, made, methods = {} } = classes[name]!;
  const owner = value as unknown as new (...args: unknown[]) => object;
  const inherited = owner.prototype instanceof gt.Optimizer ? Object.keys(classes.Optimizer!.methods!) : [];
  expect(methodsOf(owner).filter((each) => !(each in methods) && !inherited.includes(each))).toEqual([]);
  if (constructed !== undefined) expect(await faults(constructed, (args) => void new owner(...args))).toEqual([]);
  for (const [method, right] of Object.entries(methods)) {
    const call = (args: unknown[]) => (made!() as Record<string, Callable>)[method]!(...args);
    expect(await faults(right, call), method).toEqual([]);
  }
});

test("so many calls were made", () => expect(calls).toBeGreaterThan(45_000));

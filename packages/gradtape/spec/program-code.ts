import { extras } from "./program-extras.ts";
import { isRef, numbersFor, numbersOf } from "./program-runs.ts";
import type { Argument, Program, Spec } from "./programs.ts";

/* Programs as text that a reader can paste: what the failing test prints. */

/** The program as code of the library. */
export function codeOf(program: Program): string {
  const { seed, inputs, variables, calls, outputs, targets, update, trained, optimizer } = program;
  const [xs, vs] = [inputs.map((_, i) => `x${i}`), variables.map((_, i) => `v${i}`)];
  const floats = (specs: readonly Spec[], names: readonly string[]) =>
    names.filter((_, i) => specs[i]!.dtype.startsWith("float"));
  const body = calls.map(({ to, f, args }) => `const ${to} = ${functionOf(f)}(${args.map(textOf).join(", ")});`);
  const results = `return [${outputs.join(", ")}];`;
  const loss = `gt.addN([${targets.map((name) => `gt.sum(${name})`).join(", ")}])`;
  const sources = [...floats(inputs, xs), ...floats(variables, vs)].join(", ");
  const step = [
    ...(update === "minimize" ? ["optimizer.minimize(() => {"] : []),
    ...body.map((line) => `  ${line}`),
    ...(update === "minimize" ? [`  return ${loss};`, `}, { varList: [${trained}] });`] : []),
    ...(update.endsWith("radients") ? [`  const gradients = by tape, of [${targets}] for [${sources}];`] : []),
    ...(update === "applyGradients" ? [`  optimizer.applyGradients(those for [${trained}]);`] : []),
    `  ${results}`,
  ];
  return [
    `// seed ${seed}; inputs of step s: seed + 100 s + i`,
    `// numbers of step 0: ${JSON.stringify(numbersFor(seed, 0))}`,
    ...inputs.map((spec, i) => `// x${i}: ${numbersAs(spec, `${seed + i} + 100 * s`)}`),
    ...variables.map((spec, i) => `const v${i} = new gt.Variable(${numbersAs(spec, `${seed + 50 + i}`)});`),
    ...(update === "none" || update === "gradients" ? [] : [`const optimizer = ${made(optimizer)};`]),
    ...(program.changes ? ["// the learning rate is another at each step: 0.05 + 0.01 s, in another kind"] : []),
    ...inputs.flatMap(({ closed, ...spec }, i) => (closed ? [`const x${i} = ${numbersAs(spec, `${seed + i}`)};`] : [])),
    `const step = (${[...xs.filter((_, i) => !inputs[i]!.closed), ...numbersOf(program)].join(", ")}) => {`,
    ...step,
    "};",
  ].join("\n");
}

function numbersAs({ shape, dtype }: Spec, seed: string): string {
  const of = (bounds: string) => `gt.generator(${seed}).uniform([${shape.join(", ")}], { ${bounds} })`;
  if (dtype === "bool") return `gt.greater(${of("low: -1, high: 1")}, 0)`;
  return of(dtype === "int32" ? 'low: -2, high: 6, dtype: "int32"' : `low: -1.5, high: 1.5, dtype: "${dtype}"`);
}

const functionOf = (f: string) =>
  f in extras ? `extras.${f}` : f.startsWith("new ") ? `new gt.${f.slice(4)}` : /^v\d/.test(f) ? f : `gt.${f}`;

const made = ({ f, args }: Program["optimizer"]) => `new gt.${f}(${args.map(textOf).join(", ")})`;

function textOf(argument: Argument): string {
  if (Object.is(argument, -0)) return "-0";
  if (typeof argument === "number") return String(argument);
  if (typeof argument !== "object") return JSON.stringify(argument);
  if (Array.isArray(argument)) return `[${argument.map(textOf).join(", ")}]`;
  if (isRef(argument)) return argument.ref;
  return `{ ${Object.entries(argument)
    .map(([key, each]) => `${key}: ${textOf(each)}`)
    .join(", ")} }`;
}

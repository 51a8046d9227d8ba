import * as gt from "gradtape";
import { dataFor, envOf, interpret, isRef, numbersFor } from "./program-runs.ts";
import type { Argument, Call, Program, Spec } from "./programs.ts";

/* Changes to a program that mean nothing. */

const reads = ({ f }: Call) => /^v\d+\.value$/.test(f);
const writes = (call: Call) => /^v\d/.test(call.f) && !reads(call);

/** The program among the calls of another one, whose results nothing uses; `picks` say where they come. */
export function amongDead(program: Program, other: Program, picks: readonly number[]): Program {
  const dead = [
    ...other.inputs.map((spec, i) => plain(`x${i}`, spec)),
    ...other.variables.map((spec, i) => plain(`v${i}`, spec)),
    ...other.calls.filter((call) => !writes(call)).map(withoutVariable),
  ].map((call) => ({ ...call, to: `dead_${call.to}`, args: call.args.map(renamed) }));
  return { ...program, calls: merged(program.calls, dead, picks) };
}

/** What reads a variable, where that is a tensor. */
function withoutVariable(call: Call): Call {
  return reads(call) ? { ...call, f: "identity", args: [{ ref: call.f.split(".")[0]! }] } : call;
}

function plain(to: string, { shape, dtype }: Spec): Call {
  return { to, f: "ones", args: [[...shape], { dtype }] };
}

function renamed(argument: Argument): Argument {
  if (typeof argument !== "object") return argument;
  if (Array.isArray(argument)) return argument.map(renamed);
  if (isRef(argument)) return /^k\d$/.test(argument.ref) ? argument : { ref: `dead_${argument.ref}` };
  return Object.fromEntries(Object.entries(argument).map(([key, each]) => [key, renamed(each)]));
}

/** Both lists in one, each in its order. */
function merged(a: readonly Call[], b: readonly Call[], picks: readonly number[]): Call[] {
  const [rest, others] = [[...a], [...b]];
  const calls: Call[] = [];
  for (let i = 0; rest.length + others.length > 0; i++) {
    const first = picks[i % picks.length]! % 2 === 0 ? rest : others;
    calls.push((first.length > 0 ? first : first === rest ? others : rest).shift()!);
  }
  return calls;
}

/**
 * The same calls in another order: each after those whose results it takes, and after the writes before it. The terms of
 * a gradient are added in the order of the calls that share an operand, so that order stays where there are gradients.
 */
export function reordered(program: Program, picks: readonly number[]): Program {
  const left = [...program.calls];
  const calls: Call[] = [];
  const done = new Set<string>();
  const made = new Set(left.map(({ to }) => to));
  const ready = (call: Call) => refsOf(call.args).every((ref) => !made.has(ref) || done.has(ref));
  const sharing = sharingIn(program);
  const inTurn = (call: Call) => program.update === "none" || !left.slice(0, left.indexOf(call)).some(sharing(call));
  for (let i = 0; left.length > 0; i++) {
    const barrier = left.findIndex(writes);
    // A write may not pass what comes before it, and nothing may pass a write.
    const free = barrier === -1 ? left.length : Math.max(1, barrier);
    const candidates = left.slice(0, free).filter((each) => ready(each) && inTurn(each));
    const call = candidates[picks[i % picks.length]! % candidates.length]!;
    left.splice(left.indexOf(call), 1);
    calls.push(call);
    done.add(call.to);
  }
  return { ...program, calls };
}

/** Whether calls take the same tensor, under whatever names: a call that changes nothing may return what it was given. */
function sharingIn(program: Program) {
  const { inputs, variables } = dataFor(program, 0);
  const own = variables.map((value) => new gt.Variable(value));
  const env = interpret(program, envOf(inputs, own, numbersFor(program.seed, 0)));
  const tensorsOf = (call: Call) => operandsOf(call).map((ref) => env.get(ref));
  return (call: Call) => {
    const tensors = new Set(tensorsOf(call));
    return (other: Call) => tensorsOf(other).some((tensor) => tensors.has(tensor));
  };
}

const operandsOf = (call: Call) => [...refsOf(call.args), ...(reads(call) ? [call.f.split(".")[0]!] : [])];

function refsOf(argument: Argument): string[] {
  if (typeof argument !== "object") return [];
  if (Array.isArray(argument)) return argument.flatMap(refsOf);
  return isRef(argument) ? [argument.ref] : Object.values(argument).flatMap(refsOf);
}

import type { Program } from "./program.ts";
import type { Scalar } from "./scalar.ts";
import * as k from "./scalar.ts";

/*
 * TensorFlow's update kernels run on a processor that takes subnormal numbers for zero. Without a gradient that ends an
 * endless decay: a slot decays until its product with a rate is subnormal, and then stays, or is zero. Here those products,
 * and no others, are zero when they would be subnormal; the processor never computes one.
 */

/**
 * The program of an update, in which subnormal products of a hyper-parameter and a state `s` (or `x - s`) are zero. The
 * first inputs are the states, the last one is the gradient.
 */
export function withoutSubnormals(program: Program): Program {
  const { inputs, outputs } = program;
  const isState = ({ op, value }: Scalar) => op === "input" && value! < outputs.length;
  const decays = (x: Scalar) => isState(x) || (x.op === "sub" && isState(x.args[1]!));
  const isRate = (x: Scalar): boolean =>
    x.op === "input" ? !isState(x) && x.value! < inputs.length - 1 : x.args.every(isRate);
  const done = new Map<Scalar, Scalar>();
  const visit = (node: Scalar): Scalar => {
    const known = done.get(node);
    if (known !== undefined) return known;
    const [a, b] = node.args;
    const args = node.args.map(visit);
    if (node.op === "mul" && decays(a!) && isRate(b!)) args[0] = withoutLess(args[0]!, args[1]!);
    if (node.op === "mul" && decays(b!) && isRate(a!)) args[1] = withoutLess(args[1]!, args[0]!);
    const made = args.every((arg, i) => arg === node.args[i]) ? node : { ...node, args };
    done.set(node, made);
    return made;
  };
  return { ...program, outputs: outputs.map(visit), printed: new Map() };
}

/** x, or a zero where x or its product with `rate` is subnormal. A difference may lose the sign: it is added to a state. */
function withoutLess(x: Scalar, rate: Scalar): Scalar {
  if (x.type === "float32") {
    const zero = x.op === "sub" ? 0 : k.fromBits(signOf(x));
    return k.select(k.lt(magnitude(x), leastFactor(rate)), zero, x);
  }
  const scaled = k.mul(x, k.mul(rate, 2 ** 64));
  const small = k.or(k.lt(k.abs(x), 2 ** -1022), k.lt(k.abs(scaled), 2 ** -958));
  return k.select(small, k.mul(x, 0), x);
}

/** The bits of a zero with the sign of x. */
const signOf = (x: Scalar) => k.and(k.bits(x), -0x80000000);

/** The bits of |x|: they are in the order of the numbers, and vectors compare them at less cost. */
const magnitude = (x: Scalar) => k.and(k.bits(x), 0x7fffffff);

/** The bits of the least normal number whose product with `rate` is not subnormal; at most those of infinity. */
function leastFactor(rate: Scalar): Scalar {
  const quotient = k.bits(k.div(2 ** -126, k.abs(rate)));
  // The quotient is rounded, so it or a neighbour is the one. Products are compared 2^64 times their size, unrounded.
  const large = k.mul(k.abs(rate), 2 ** 64);
  const reaches = (bits: Scalar) => k.ge(k.mul(k.fromBits(bits), large), 2 ** -62);
  const below = k.add(quotient, -1);
  const least = k.select(reaches(below), below, k.select(reaches(quotient), quotient, k.add(quotient, 1)));
  return k.min(k.max(least, 0x00800000), 0x7f800000);
}

import * as op from "@gradtape/graph";
import { InvalidArgumentError, NotImplementedError, type Tensor } from "@gradtape/tensor";
import type { Given } from "./given.ts";
import { shaped } from "./layout.ts";
import { type Dim, dimsOf, product, ShapeValue } from "./shape-value.ts";

/** A tensor whose axes have letters. */
interface Lettered {
  readonly x: Tensor;
  readonly letters: string;
}

/** The axes in the order of `letters`. */
function ordered({ x, letters: own }: Lettered, letters: string): Tensor {
  const places = Array.from(letters, (letter) => own.indexOf(letter));
  return places.every((place, i) => place === i) ? x : op.transpose(x, places);
}

/** Sums over the axes whose letters nothing else uses. */
function summed({ x, letters }: Lettered, used: string): Lettered {
  const axis = Array.from(letters, (_, i) => i).filter((i) => !used.includes(letters[i]!));
  if (axis.length === 0) return { x, letters };
  return { x: op.sum(x, { axis }), letters: Array.from(letters, (each) => (used.includes(each) ? each : "")).join("") };
}

/** Sums of products along axes that have letters: `bij,bjk->bik`. */
export function einsum(given: Given): Tensor {
  const equation = given.text("equation").replace(/ /g, "");
  const [, inputs = "", target = ""] = equation.match(/^([A-Za-z]*(?:,[A-Za-z]*)?)->([A-Za-z]*)$/) ?? [];
  const letters = inputs.split(",");
  const repeated = [...letters, target].some((each) => new Set(each).size < each.length);
  if (!equation.includes("->") || inputs === "" || repeated)
    throw new NotImplementedError(`its equation is ${JSON.stringify(equation)}`);
  if (letters.length !== given.inputs.length || letters.some((each, i) => each.length !== given.x(i).rank))
    throw new InvalidArgumentError(`its operands do not fit its equation ${equation}`);
  const terms = letters.map((each, i) => {
    const others = letters.filter((_, j) => j !== i).join("");
    return summed({ x: given.x(i), letters: each }, target + others);
  });
  const [a, b] = terms as [Lettered, Lettered | undefined];
  if (Array.from(target).some((letter) => !terms.some((term) => term.letters.includes(letter))))
    throw new InvalidArgumentError(`its equation ${equation} makes axes of nothing`);
  if (b === undefined) return ordered(a, target);
  const pick = (from: string, test: (letter: string) => boolean) => Array.from(from).filter(test).join("");
  const batch = pick(a.letters, (each) => b.letters.includes(each) && target.includes(each));
  const inner = pick(a.letters, (each) => b.letters.includes(each) && !target.includes(each));
  const rows = pick(a.letters, (each) => !b.letters.includes(each));
  const columns = pick(b.letters, (each) => !a.letters.includes(each));
  const extents = new Map(terms.flatMap((term) => dimsOf(term.x).map((dim, i) => [term.letters[i]!, dim] as const)));
  const dims = (of: string): Dim[] => Array.from(of, (letter) => extents.get(letter)!);
  const matrices = (term: Lettered, left: string, right: string) =>
    shaped(
      ordered(term, batch + left + right),
      new ShapeValue([...dims(batch), product(dims(left)), product(dims(right))]),
    );
  const products = op.matMul(matrices(a, rows, inner), matrices(b, inner, columns));
  const all = shaped(products, new ShapeValue(dims(batch + rows + columns)));
  return ordered({ x: all, letters: batch + rows + columns }, target);
}

import { type Program, type Scalar, type Shape, sizeOf } from "@gradtape/tensor";
import { callsOf } from "./functions.ts";
import { type ArrayLanguage, type ArrayValue, Refused } from "./language.ts";

type Level = Program["levels"][number];

/** Where a program runs: over the elements of `shape`, or over its rows, which run along `axes`. */
export interface Domain {
  readonly shape: Shape;
  readonly axes: readonly number[];
}

/** The extents of a domain along the axes that are not folded: the shape of what has one value for each row. */
export function rowsOf({ shape, axes }: Domain): Shape {
  return shape.filter((_, axis) => !axes.includes(axis));
}

/** The outputs of a program, told in whole arrays. Operands have the shape of their level. */
export function evaluate(
  language: ArrayLanguage,
  program: Program,
  operands: readonly ArrayValue[],
  domain: Domain,
): ArrayValue[] {
  const expressions = new Expressions(language, program, operands, domain);
  return program.outputs.map((output, i) => expressions.at(output, program.levels[i]!));
}

class Expressions {
  private readonly language: ArrayLanguage;
  private readonly program: Program;
  private readonly operands: readonly ArrayValue[];
  private readonly domain: Domain;
  private readonly levels = new Map<Scalar, Level>();
  private readonly made = new Map<Scalar, ArrayValue>();

  constructor(language: ArrayLanguage, program: Program, operands: readonly ArrayValue[], domain: Domain) {
    this.language = language;
    this.program = program;
    this.operands = operands;
    this.domain = domain;
  }

  /** The values of `node` for each element, or for each row. */
  at(node: Scalar, level: Level): ArrayValue {
    const shape = this.shapeOf(level);
    if (node.op === "constant") return this.language.filled(node.value!, node.type, shape);
    if (node.op === "extent") return this.language.filled(this.extent(), node.type, shape);
    const value = this.valueOf(node);
    if (level === this.levelOf(node)) return value;
    const kept = this.domain.shape.flatMap((_, axis) => (this.domain.axes.includes(axis) ? [] : [axis]));
    return this.language.repeated(value, shape, kept);
  }

  private valueOf(node: Scalar): ArrayValue {
    let value = this.made.get(node);
    if (value === undefined) {
      value = this.compute(node);
      this.made.set(node, value);
    }
    return value;
  }

  private compute(node: Scalar): ArrayValue {
    const { language } = this;
    if (node.op === "input") return this.operands[node.value!]!;
    if (node.op === "index") return this.positions();
    if (node.op === "fold") return language.folded(node.combine!, this.at(node.args[0]!, "element"), this.domain.axes);
    const level = this.levelOf(node);
    const call = callsOf(node).find(({ name }) => language.has(name));
    const { name, args } = call ?? { name: node.op as Exclude<Scalar["op"], "constant" | "extent">, args: node.args };
    if (name === "input" || name === "index" || name === "fold" || !language.has(name)) {
      throw new Refused(`there is no ${node.op} of ${node.args[0]!.type} there`);
    }
    return language.elementwise(
      name,
      node.type,
      args.map((arg) => this.at(arg, level)),
    );
  }

  /** The position along the folded axes, counted in row-major order. */
  private positions(): ArrayValue {
    const { language } = this;
    const { shape, axes } = this.domain;
    const terms = axes.map((axis, i) => {
      const stride = this.known(sizeOf(axes.slice(i + 1).map((each) => shape[each]!)));
      const position = language.positions(shape, axis);
      if (stride === 1) return position;
      return language.elementwise("mul", "int32", [position, language.filled(stride, "int32", shape)]);
    });
    if (terms.length === 0) return language.filled(0, "int32", shape);
    return terms.reduce((sum, term) => language.elementwise("add", "int32", [sum, term]));
  }

  private extent(): number {
    return this.known(sizeOf(this.domain.axes.map((axis) => this.domain.shape[axis]!)));
  }

  private known(extent: number): number {
    if (this.language.open.isOpen(extent)) throw new Refused("it counts along an axis whose extent only the run tells");
    return extent;
  }

  private shapeOf(level: Level): Shape {
    return level === "element" ? this.domain.shape : rowsOf(this.domain);
  }

  /** "element" where values differ along a row. */
  private levelOf(node: Scalar): Level {
    let level = this.levels.get(node);
    if (level === undefined) {
      const varies =
        node.op === "index" ||
        (node.op === "input" && this.program.inputs[node.value!]!.level === "element") ||
        (node.op !== "fold" && node.args.some((arg) => this.levelOf(arg) === "element"));
      level = varies ? "element" : "row";
      this.levels.set(node, level);
    }
    return level;
  }
}

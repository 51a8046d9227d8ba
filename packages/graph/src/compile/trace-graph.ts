import { type DType, EagerTensor, literal, sameShape, Tensor, type TensorSpec } from "@gradtape/tensor";
import { Graph } from "../graph.ts";
import type { SymbolicTensor } from "../operation.ts";
import { placeholder } from "../ops/sources.ts";
import type { Settings } from "./settings.ts";

/** An argument that is fed at each step, in one of the dtypes in which the function takes it. */
export interface Input {
  readonly placeholder: SymbolicTensor;
  /** Its position among the arguments. */
  readonly from: number;
  /** The plain numbers that it was while the function was traced; `null` for a tensor. */
  readonly numbers: EagerTensor | null;
}

/** A number or tensor from outside, read again before each step. */
export interface Capture {
  readonly tensor: SymbolicTensor;
  readonly isNumber: boolean;
  read(): unknown;
}

/** Something from outside that has to be the same at each step. */
interface Guard {
  readonly seen: unknown;
  read(): unknown;
}

/** A graph made by running a user's function once, and what has to be known from outside for each step. */
export class TraceGraph extends Graph {
  /** Variables are those of eager mode; the graph itself is gone after a step. */
  override readonly holdsVariables = false;
  readonly settings: Settings;
  readonly inputs: Input[] = [];
  readonly captures: Capture[] = [];
  private readonly plain = new Map<Tensor, { readonly from: number; readonly given: unknown }>();
  private readonly guards: Guard[] = [];
  /** The values of the captures for the next step. */
  private numbers = new Float64Array(0);
  private tensors: (EagerTensor | null)[] = [];

  constructor(settings: Settings) {
    super();
    this.settings = settings;
  }

  /** The tensor for argument number `from`; `given` is the plain value that it was. */
  argument(from: number, value: EagerTensor, given: unknown): SymbolicTensor {
    return this.feed(from, value, given instanceof Tensor ? null : { from, given });
  }

  /** A plain argument is taken in the dtype that an op asks for, as plain numbers are. */
  override inDType(tensor: SymbolicTensor, dtype: DType): SymbolicTensor {
    const plain = this.plain.get(tensor);
    if (plain === undefined || tensor.dtype === dtype) return tensor;
    const known = this.inputs.find(({ from, placeholder }) => from === plain.from && placeholder.dtype === dtype);
    return known?.placeholder ?? this.feed(plain.from, literal("compile", plain.given, { dtype }), plain);
  }

  override isPlain(tensor: SymbolicTensor): boolean {
    return this.plain.has(tensor);
  }

  private feed(from: number, value: EagerTensor, plain: { from: number; given: unknown } | null): SymbolicTensor {
    const made = this.place(value, `argument${from}`);
    if (plain !== null) this.plain.set(made, plain);
    this.inputs.push({ placeholder: made, from, numbers: plain && value });
    return made;
  }

  private place({ dtype, shape }: TensorSpec, name: string): SymbolicTensor {
    const make = () => placeholder(dtype, shape as readonly number[], { name }) as SymbolicTensor;
    return this.asDefault(() => this.controlDependencies(null, make));
  }

  /** A tensor of the graph whose value `read` gives before each step: a number, or tensors of the shape of `like`. */
  capture(like: TensorSpec, isNumber: boolean, read: () => unknown, name: string): SymbolicTensor {
    const tensor = this.place(like, name);
    this.captures.push({ tensor, isNumber, read });
    return tensor;
  }

  /** Makes the trace valid only as long as `read` returns what it returns now. */
  guard(read: () => unknown): void {
    this.guards.push({ read, seen: read() });
  }

  /** Reads the captures for the next step; false where the trace does not hold for what is there now. */
  refresh(): boolean {
    const { guards, captures } = this;
    for (let i = 0; i < guards.length; i++) if (!Object.is(guards[i]!.read(), guards[i]!.seen)) return false;
    if (this.numbers.length < captures.length) this.numbers = new Float64Array(captures.length);
    for (let i = 0; i < captures.length; i++) {
      const { read, isNumber, tensor } = captures[i]!;
      const value = read();
      if (isNumber && typeof value === "number") this.numbers[i] = value;
      else if (!isNumber && isLike(value, tensor)) this.tensors[i] = value;
      else return false;
    }
    return true;
  }

  /** The number that capture `i` has for the next step. */
  numberOf(i: number): number {
    return this.numbers[i]!;
  }

  /** The tensor that capture `i` has for the next step. */
  tensorOf(i: number): EagerTensor {
    return this.tensors[i]!;
  }
}

function isLike(value: unknown, { dtype, shape }: Tensor): value is EagerTensor {
  return value instanceof EagerTensor && value.dtype === dtype && sameShape(value.shape, shape);
}

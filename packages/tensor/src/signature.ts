import { describe } from "./describe.ts";
import { isDocumented, located, telling } from "./location.ts";
import { anything, type Fields, fieldProblem, isPlainObject, type Kind, optional, type RecordOf } from "./schema.ts";
import { explained } from "./unreadable.ts";

/*
 * Signatures of public functions and methods, in one line each: required positions, positions that may be left out, and one
 * object of options as the last argument. A position that may be left out may be given by its name among the options
 * instead. Everything else is refused by name: nothing that a user writes is passed over.
 */

/** The arguments of a function: its positions in order, and its options. */
export class Signature<P extends Fields = Fields, O extends Fields = Fields> {
  readonly name: string;
  /** How many positions every call fills. */
  readonly required: number;
  private readonly positions: readonly (readonly [name: string, kind: Kind])[];
  /** The fields of the object of options; `null` for a function without one. */
  private readonly options: Fields | null;
  /** The kinds by name, for calls that name them well. */
  private readonly known: ReadonlyMap<string, Kind>;
  /** True where the required positions take any value, so that there is nothing to check in them. */
  private readonly open: boolean;

  constructor(name: string, positions: P, options?: O) {
    this.name = name;
    this.positions = Object.entries(positions);
    const free = this.positions.filter(([, kind]) => kind.optional === true);
    this.required = this.positions.length - free.length;
    const named = Object.entries(options ?? {}).map(([each, kind]) => [each, optional(kind)] as const);
    this.options = options === undefined && free.length === 0 ? null : Object.fromEntries([...free, ...named]);
    this.known = new Map(Object.entries(this.options ?? {}));
    this.open = this.positions.slice(0, this.required).every(([, kind]) => kind === anything);
  }

  /**
   * The arguments of a call in their places: a value for each position, then the options. Throws a TypeError that names
   * the function for an argument in excess, an unknown option, or a value of a wrong kind.
   */
  read(args: readonly unknown[]): readonly unknown[] {
    if (this.open && args.length === this.required) return args;
    try {
      return this.place(args);
    } catch (error) {
      if (isDocumented(error) && error.message.startsWith(`${this.name}:`)) throw error;
      throw new TypeError(`${this.name}: an argument cannot be read: ${reason(error)}`, { cause: error });
    }
  }

  /** The same as one record, by the names of positions and options: what a constructor takes. */
  record(args: readonly unknown[]): RecordOf<P> & Partial<RecordOf<O>> {
    const values = telling(() => this.read(args));
    const named = Object.fromEntries(this.positions.map(([name], i) => [name, values[i]]));
    return { ...(values[this.positions.length] as object | undefined), ...named } as RecordOf<P> & Partial<RecordOf<O>>;
  }

  private place(args: readonly unknown[]): readonly unknown[] {
    const { positions } = this;
    const at = this.optionsAt(args);
    const values = at === args.length && at === positions.length ? args : args.slice(0, at);
    const options = args[at];
    if (options !== undefined) this.checkOptions(options, at);
    for (let i = at + 1; i < args.length; i++) if (args[i] !== undefined) throw this.excess(args);
    const placed =
      values === args && options === undefined
        ? args
        : this.filled(values, options as Record<string, unknown> | undefined);
    for (let i = 0; i < positions.length; i++) {
      const [name, kind] = positions[i]!;
      if (!kind.holds(placed[i])) {
        throw new TypeError(`${this.name}: ${name} is ${describe(placed[i])}, expected ${kind.words}`);
      }
    }
    return placed;
  }

  /** The place of the options: behind all positions, or earlier in the place of one that is left out. */
  private optionsAt(args: readonly unknown[]): number {
    const { positions, required } = this;
    for (let i = required; i < positions.length && i < args.length; i++) {
      if (isPlainObject(args[i]) && !positions[i]![1].holds(args[i])) return i;
    }
    return Math.min(positions.length, Math.max(args.length, required));
  }

  private checkOptions(options: unknown, at: number): void {
    if (this.options === null) throw this.excess([...this.positions, options]);
    if (!isPlainObject(options)) {
      const names = Object.keys(this.options).join(", ");
      throw new TypeError(
        `${this.name}: argument ${at + 1} is ${describe(options)}, expected an object of options: { ${names} }`,
      );
    }
    for (const name in options) {
      if (this.known.get(name)?.holds(options[name]) === true) continue;
      throw new TypeError(`${this.name}: ${fieldProblem("option", { [name]: options[name] }, this.options)}`);
    }
  }

  /** Every position filled, from the options where it is named there; then the options. */
  private filled(values: readonly unknown[], options: Record<string, unknown> | undefined): unknown[] {
    const placed = this.positions.map(([name, kind], i) => {
      if (options === undefined || kind.optional !== true || options[name] === undefined) return values[i];
      if (values[i] === undefined) return options[name];
      throw new TypeError(`${this.name}: ${name} is given twice, as argument ${i + 1} and among the options`);
    });
    placed.push(options);
    return placed;
  }

  private excess(args: readonly unknown[]): TypeError {
    const names = this.positions.map(([name, kind]) => (kind.optional === true ? `${name}?` : name));
    if (this.options !== null) names.push("options?");
    return new TypeError(
      `${this.name}: ${args.length} arguments, at most ${names.length} are taken: (${names.join(", ")})`,
    );
  }
}

/** The message of an error that an argument threw while it was read. */
function reason(error: unknown): string {
  return error instanceof Error ? error.message : "it throws";
}

/**
 * A public function by its name, what it takes, and what it does with the arguments in their places. Errors of the
 * library thrown in it name the user's line.
 */
/* @__NO_SIDE_EFFECTS__ */
export function defineFunction<F extends (...args: any[]) => unknown>(
  name: string,
  positions: Fields,
  options: Fields | undefined,
  call: F,
): F {
  const signature = new Signature(name, positions, options);
  const checked = (...args: unknown[]) => {
    try {
      return call(...signature.read(args));
    } catch (error) {
      throw located(explained(name, error, args));
    }
  };
  return named(checked as unknown as F, signature);
}

/** Gives a function the name and the number of required arguments that users see. */
export function named<F extends (...args: any[]) => unknown>(call: F, { name, required }: Signature): F {
  Object.defineProperty(call, "name", { value: name });
  return Object.defineProperty(call, "length", { value: required });
}

/** The positions of a method, and its options where it has some. */
export type MethodFields = readonly [positions: Fields, options?: Fields];

/**
 * Lets the methods of a class, which messages call `title`, read their arguments by signatures, as functions made by
 * `defineFunction` do.
 */
export function defineMethods(
  title: string,
  owner: { readonly prototype: object },
  methods: { readonly [name: string]: MethodFields },
): void {
  for (const [name, [positions, options]] of Object.entries(methods)) {
    const { value: method } = Object.getOwnPropertyDescriptor(owner.prototype, name)! as {
      readonly value: (...args: unknown[]) => unknown;
    };
    const signature = new Signature(`${title}.${name}`, positions, options);
    const isAsync = Object.prototype.toString.call(method) === "[object AsyncFunction]";
    const value = function (this: unknown, ...args: unknown[]) {
      try {
        if (!(this instanceof (owner as never))) throw detached(signature, title, this);
        return method.apply(this, signature.read(args) as unknown[]);
      } catch (error) {
        const told = located(explained(signature.name, error, args));
        if (isAsync) return Promise.reject(told);
        throw told;
      }
    };
    Object.defineProperty(value, "name", { value: name });
    Object.defineProperty(owner.prototype, name, { value, writable: true, configurable: true });
  }
}

function detached({ name }: Signature, title: string, self: unknown): TypeError {
  return new TypeError(
    `${name}: called on ${describe(self)} instead of a ${title}; write object.${name.split(".").at(-1)}(…)`,
  );
}

import { RuntimeError } from "@gradtape/tensor";

type Owner = { [name: string]: unknown };

/** A field of an object that a function reads while it is traced. */
interface Field {
  readonly owner: Owner;
  readonly name: string;
  /** The value that it held when it was first read. */
  readonly before: unknown;
  /** True when the function has set it in the present run. */
  isSet: boolean;
  /** True when some run took it for one that comes from outside. */
  isOutside: boolean;
}

/**
 * The fields of objects, such as learning rates, that a function reads while it is traced. One that the function sets
 * before it reads it is the function's own; any other comes from outside, and each step reads it again.
 */
export class Settings {
  private readonly fields: Field[] = [];
  private read: { readonly field: Field; readonly seen: unknown }[] = [];
  /** True when a field that a run took for one from outside turned out to be the function's own. */
  learned = false;

  /** Another run of the function begins. */
  begin(): void {
    this.read = [];
    for (const field of this.fields) field.isSet = false;
  }

  /** Notes that the function reads a field; true when the function itself has set it. */
  isOwn(owner: object, name: string): boolean {
    const known = this.fields.find((each) => each.owner === owner && each.name === name);
    const field = known ?? this.watch(owner as Owner, name);
    if (field.isSet) {
      this.learned ||= field.isOutside;
      return true;
    }
    field.isOutside = true;
    this.read.push({ field, seen: field.owner[name] });
    return false;
  }

  /** Throws a RuntimeError for a field from outside that the function has changed after it read it. */
  check(): void {
    for (const { field, seen } of this.read) {
      if (!field.isSet || Object.is(field.owner[field.name], seen)) continue;
      throw new RuntimeError(
        `compile: the function changes ${field.name} after it used it, which a compiled step would not do again; change it ` +
          "between the calls, or give a function of a variable",
      );
    }
  }

  /** Ends the watch; with `restore` the fields hold again what they held when they were first read. */
  end(restore: boolean): void {
    for (const { owner, name, before } of this.fields) {
      if (!Object.hasOwn(owner, name)) continue;
      const value = restore ? before : owner[name];
      Object.defineProperty(owner, name, { value, writable: true, enumerable: true, configurable: true });
    }
  }

  /** From now on notices when a field is set. A property computed from other fields has no value of its own to set. */
  private watch(owner: Owner, name: string): Field {
    const field: Field = { owner, name, before: owner[name], isSet: false, isOutside: false };
    this.fields.push(field);
    if (!Object.hasOwn(owner, name)) return field;
    let value = owner[name];
    Object.defineProperty(owner, name, {
      get: () => value,
      set(given) {
        value = given;
        field.isSet = true;
      },
      enumerable: true,
      configurable: true,
    });
    return field;
  }
}

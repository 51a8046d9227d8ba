/*
 * The text of objects in a console. Node and Bun ask an object for it by one symbol, Deno by another; without an answer
 * they show its private fields.
 */

/** An object that a console shows as a text of its own. */
export abstract class Printable {
  /** The text that a console shows. */
  protected consoleText(): string {
    return String(this);
  }

  /** @internal For Node and Bun. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.consoleText();
  }

  /** @internal For Deno. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.consoleText();
  }
}

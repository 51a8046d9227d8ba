/** A value that Python writes as a literal. Tuples and lists are arrays. */
export type Literal = string | number | boolean | null | readonly Literal[] | ReadonlyMap<Literal, Literal>;

/** Deeper nesting is an attack or an accident. */
const MAX_DEPTH = 32;

const token = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?\d+)L?|(True|False|None)|([{}[\](),:]))/y;
const words: ReadonlyMap<string, Literal> = new Map<string, Literal>([
  ["True", true],
  ["False", false],
  ["None", null],
]);
const closing: ReadonlyMap<string, string> = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
]);

/**
 * Reads a Python literal of dicts, tuples, lists, strings, integers, True, False and None, as `ast.literal_eval` does.
 * Returns `undefined` for any other text, and for a dict that has a key twice.
 */
export function parseLiteral(text: string): Literal | undefined {
  const tokens = tokensOf(text);
  if (tokens === null) return undefined;
  const reader = new Reader(tokens);
  const value = reader.value(0);
  return reader.finished ? value : undefined;
}

type Token = { readonly mark: string } | { readonly value: Literal };

function tokensOf(text: string): Token[] | null {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  token.lastIndex = 0;
  while (token.lastIndex < end) {
    const match = token.exec(text);
    if (match === null) return null;
    const [, single, double, digits, name, mark] = match;
    const value = single ?? double ?? (digits === undefined ? words.get(name ?? "") : Number(digits));
    tokens.push(value === undefined ? { mark: mark ?? "" } : { value });
  }
  return tokens;
}

class Reader {
  private readonly tokens: readonly Token[];
  private at = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  get finished(): boolean {
    return this.at === this.tokens.length;
  }

  value(depth: number): Literal | undefined {
    const next = this.tokens[this.at++];
    if (next === undefined || depth > MAX_DEPTH) return undefined;
    if ("value" in next) return next.value;
    const close = closing.get(next.mark);
    if (close === undefined) return undefined;
    return close === "}" ? this.dict(depth) : this.sequence(close, depth);
  }

  /** A tuple or a list. One value in parentheses without a comma is that value. */
  private sequence(close: string, depth: number): Literal | undefined {
    const members: Literal[] = [];
    while (!this.take(close)) {
      const member = this.value(depth + 1);
      if (member === undefined) return undefined;
      members.push(member);
      if (this.take(",")) continue;
      if (!this.take(close)) return undefined;
      return close === ")" && members.length === 1 ? member : members;
    }
    return members;
  }

  private dict(depth: number): Literal | undefined {
    const members = new Map<Literal, Literal>();
    while (!this.take("}")) {
      const key = this.value(depth + 1);
      const value = this.take(":") ? this.value(depth + 1) : undefined;
      if (key === undefined || value === undefined || members.has(key)) return undefined;
      members.set(key, value);
      if (this.take(",")) continue;
      return this.take("}") ? members : undefined;
    }
    return members;
  }

  private take(mark: string): boolean {
    const next = this.tokens[this.at];
    const found = next !== undefined && "mark" in next && next.mark === mark;
    if (found) this.at++;
    return found;
  }
}

import { type DescEnum, type DescField, type DescMessage, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { InvalidArgumentError } from "@gradtape/tensor";

// Deeper than any graph; what is deeper is no graph.
const mostNesting = 64;

/**
 * The message that a text in protobuf's text format tells. Fields that the schema does not know are passed over. Throws
 * an InvalidArgumentError with the line of the first mistake.
 */
export function readText<Schema extends DescMessage>(schema: Schema, text: string): MessageShape<Schema> {
  const message = reflect(schema);
  const reader = new TextReader(text);
  reader.fields(message, null, 0);
  return message.message as MessageShape<Schema>;
}

interface Token {
  readonly kind: "word" | "number" | "string" | "sign" | "end";
  readonly text: string;
  readonly at: number;
}

// Short tokens only: a string may be as long as the file, which is too much for the stack of an expression.
const tokenForms: readonly (readonly [Token["kind"], RegExp])[] = [
  ["word", /[A-Za-z_][\w.]*/y],
  ["number", /-?[ \t]*(?:0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[fF]?)/y],
  ["sign", /[{}<>[\]:,;/-]/y],
];

/** The name of the first field of a text, or `null`. */
export function firstField(text: string): string | null {
  const reader = new TextReader(text);
  return reader.first;
}

class TextReader {
  private readonly source: string;
  private position = 0;
  private token: Token;

  constructor(source: string) {
    this.source = source;
    this.token = this.read();
  }

  get first(): string | null {
    return this.token.kind === "word" ? this.token.text : null;
  }

  /** The fields of a message, to the bracket that closes it or to the end. */
  fields(message: ReflectMessage | null, close: string | null, depth: number): void {
    if (depth > mostNesting) throw this.mistake("it nests too deep");
    for (;;) {
      if (close === null ? this.token.kind === "end" : this.skip(close)) return;
      const name = this.fieldName();
      const field = message?.desc.fields.find((each) => each.name === name) ?? null;
      const colon = this.skip(":");
      if (this.token.text === "[" && this.token.kind === "sign") this.list(message, field, depth);
      else this.value(message, field, depth, colon);
      if (!this.skip(",")) this.skip(";");
    }
  }

  private fieldName(): string {
    const { kind, text } = this.token;
    if (kind === "sign" && text === "[") {
      while (!this.skip("]")) this.next();
      return "";
    }
    if (kind !== "word")
      throw this.mistake(kind === "end" ? "it ends within a message" : "expected the name of a field");
    this.next();
    return text;
  }

  private list(message: ReflectMessage | null, field: DescField | null, depth: number): void {
    this.next();
    if (this.skip("]")) return;
    do this.value(message, field, depth, true);
    while (this.skip(","));
    if (!this.skip("]")) throw this.mistake('expected "]"');
  }

  private value(message: ReflectMessage | null, field: DescField | null, depth: number, colon: boolean): void {
    const open = this.token.kind === "sign" ? { "{": "}", "<": ">" }[this.token.text] : undefined;
    if (open === undefined && !colon) throw this.mistake('expected ":"');
    if (message === null || field === null) {
      if (open === undefined) this.scalarToken();
      else {
        this.next();
        this.fields(null, open, depth + 1);
      }
      return;
    }
    if (open === undefined) this.scalar(message, field);
    else if (field.fieldKind === "map") this.entry(message, field, open, depth);
    else {
      if (field.message === undefined) throw this.mistake(`${field.name} is no message`);
      this.next();
      const inner = reflect(field.message);
      this.fields(inner, open, depth + 1);
      if (field.fieldKind === "list") message.get(field).add(inner);
      else message.set(field, inner);
    }
  }

  /** An entry of a map from text to messages. */
  private entry(message: ReflectMessage, field: DescField & { fieldKind: "map" }, close: string, depth: number): void {
    this.next();
    let key = "";
    const value = reflect(field.message!);
    while (!this.skip(close)) {
      const name = this.fieldName();
      const colon = this.skip(":");
      if (name === "key" && colon && this.token.kind === "string") key = this.text();
      else if (name === "value" && (this.token.text === "{" || this.token.text === "<")) {
        const end = this.token.text === "{" ? "}" : ">";
        this.next();
        this.fields(value, end, depth + 2);
      } else throw this.mistake(`an entry of ${field.name} has a key and a value`);
      if (!this.skip(",")) this.skip(";");
    }
    message.get(field).set(key, value);
  }

  private scalar(message: ReflectMessage, field: DescField): void {
    if (field.message !== undefined) throw this.mistake(`${field.name} is a message; expected "{"`);
    const value = field.enum === undefined ? this.scalarOf(field.scalar!) : this.enumOf(field.enum);
    if (field.fieldKind === "list") message.get(field).add(value as never);
    else message.set(field, value as never);
  }

  private scalarOf(type: ScalarType): unknown {
    const { kind } = this.token;
    if (type === ScalarType.STRING || type === ScalarType.BYTES) {
      if (kind !== "string") throw this.mistake("expected a text in quotes");
      return type === ScalarType.STRING ? this.text() : this.bytes();
    }
    const { at } = this.token;
    const text = this.scalarToken();
    const mistake = () => this.mistake(`${JSON.stringify(text.slice(0, 20))} is not a value of its field`, at);
    if (type === ScalarType.BOOL) {
      if (/^(?:true|True|t|1)$/.test(text)) return true;
      if (/^(?:false|False|f|0)$/.test(text)) return false;
      throw mistake();
    }
    if (type === ScalarType.FLOAT || type === ScalarType.DOUBLE) {
      const special = { inf: Infinity, infinity: Infinity, nan: NaN }[text.toLowerCase().replace(/^-/, "")];
      const plain = special ?? Number(text.replace(/^-/, "").replace(/f$/i, ""));
      if (kind === "string" || (special === undefined && Number.isNaN(plain))) throw mistake();
      const value = text.startsWith("-") ? -plain : plain;
      return type === ScalarType.FLOAT ? Math.fround(value) : value;
    }
    if (!/^-?(?:\d+|0[xX][\da-fA-F]+)$/.test(text)) throw mistake();
    const whole = text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
    const wide = type === ScalarType.INT64;
    if (BigInt.asIntN(wide ? 64 : 32, whole) !== whole) throw mistake();
    return wide ? whole : Number(whole);
  }

  private enumOf(type: DescEnum): number {
    const { text } = this.token;
    const found = type.values.find(({ name }) => name === text)?.number ?? Number(text);
    if ((found | 0) !== found) throw this.mistake(`there is no ${type.name} named ${JSON.stringify(text)}`);
    this.next();
    return found;
  }

  /** A number or word, with its sign. */
  private scalarToken(): string {
    if (this.token.kind === "string") return this.text();
    const minus = this.token.text === "-" && this.token.kind === "sign";
    if (minus) this.next();
    const { kind, text } = this.token;
    if (kind !== "word" && kind !== "number") throw this.mistake("expected a value");
    this.next();
    return (minus ? "-" : "") + text.replace(/\s/g, "");
  }

  private text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  /** Texts one after the other are one. */
  private bytes(): Uint8Array {
    const parts: Uint8Array[] = [];
    while (this.token.kind === "string") {
      parts.push(unescaped(this.token.text));
      this.next();
    }
    if (parts.length === 1) return parts[0]!;
    const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    let size = 0;
    for (const part of parts) {
      all.set(part, size);
      size += part.length;
    }
    return all;
  }

  private skip(sign: string): boolean {
    if (this.token.kind !== "sign" || this.token.text !== sign) return false;
    this.next();
    return true;
  }

  private next(): void {
    if (this.token.kind === "end") throw this.mistake("it ends within a message");
    this.token = this.read();
  }

  private read(): Token {
    const { source } = this;
    this.pass();
    const at = this.position;
    if (at >= source.length) return { kind: "end", text: "", at };
    const quote = source[at]!;
    if (quote === '"' || quote === "'") return { kind: "string", text: this.quoted(quote), at };
    for (const [kind, form] of tokenForms) {
      form.lastIndex = at;
      const match = form.exec(source);
      if (match === null) continue;
      this.position = form.lastIndex;
      return { kind, text: match[0], at };
    }
    throw this.mistake(`${JSON.stringify(source.slice(at, at + 10))} is not understood`, at);
  }

  /** Passes over spaces and comments. */
  private pass(): void {
    const { source } = this;
    for (;;) {
      spaces.lastIndex = this.position;
      spaces.exec(source);
      this.position = spaces.lastIndex;
      if (source[this.position] !== "#") return;
      const end = source.indexOf("\n", this.position);
      this.position = end < 0 ? source.length : end;
    }
  }

  /** The text between quotes, with its escapes. */
  private quoted(quote: string): string {
    const { source } = this;
    const begun = this.position + 1;
    for (let at = begun; at < source.length; at++) {
      const char = source[at]!;
      if (char === "\n") break;
      if (char === "\\") at++;
      else if (char === quote) {
        this.position = at + 1;
        return source.slice(begun, at);
      }
    }
    throw this.mistake(`${JSON.stringify(source.slice(begun - 1, begun + 9))} is not understood`, begun - 1);
  }

  private mistake(what: string, at = this.token.at): InvalidArgumentError {
    const line = this.source.slice(0, at).split("\n").length;
    return new InvalidArgumentError(`importGraphDef: the text is no graph: ${what}, line ${line}`);
  }
}

const spaces = /\s*/y;

const controls: { readonly [letter: string]: number } = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

const escapes = /\\(?:([0-7]{1,3})|[xX]([\da-fA-F]{1,2})|u([\da-fA-F]{4})|(.))/sy;

function unescaped(text: string): Uint8Array {
  const encoder = new TextEncoder();
  // A character takes 3 bytes at most, or 4 for two of the text's.
  const bytes = new Uint8Array(3 * text.length);
  let size = 0;
  const put = (chars: string) => {
    size += encoder.encodeInto(chars, bytes.subarray(size)).written;
  };
  for (let at = 0; at < text.length; ) {
    const next = text.indexOf("\\", at);
    const end = next < 0 ? text.length : next;
    if (end > at) put(text.slice(at, end));
    if (next < 0) break;
    escapes.lastIndex = next;
    const [whole = "", octal, hex, unicode, letter] = escapes.exec(text) ?? [];
    if (octal !== undefined) bytes[size++] = Number.parseInt(octal, 8) & 0xff;
    else if (hex !== undefined) bytes[size++] = Number.parseInt(hex, 16);
    else if (unicode !== undefined) put(String.fromCharCode(Number.parseInt(unicode, 16)));
    else if (letter !== undefined && controls[letter] !== undefined) bytes[size++] = controls[letter]!;
    else put(letter ?? "");
    at = next + Math.max(1, whole.length);
  }
  return bytes.slice(0, size);
}

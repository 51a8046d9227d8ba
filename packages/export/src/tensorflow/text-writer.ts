import { type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";

/** A message in protobuf's text format. */
export function writeText(schema: DescMessage, message: Message): string {
  const lines: string[] = [];
  writeFields(reflect(schema, message), "", lines);
  return `${lines.join("\n")}\n`;
}

function writeFields(message: ReflectMessage, indent: string, lines: string[]): void {
  for (const field of message.sortedFields) {
    if (!message.isSet(field)) continue;
    if (field.fieldKind === "list") {
      for (const each of message.get(field)) writeValue(field, each, indent, lines);
    } else if (field.fieldKind === "map") {
      for (const [key, value] of [...message.get(field)].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))) {
        lines.push(`${indent}${field.name} {`, `${indent}  key: ${quoted(utf8(String(key)))}`);
        lines.push(`${indent}  value {`);
        writeFields(value as ReflectMessage, `${indent}    `, lines);
        lines.push(`${indent}  }`, `${indent}}`);
      }
    } else writeValue(field, message.get(field), indent, lines);
  }
}

function writeValue(field: DescField, value: unknown, indent: string, lines: string[]): void {
  if (field.message !== undefined) {
    lines.push(`${indent}${field.name} {`);
    writeFields(value as ReflectMessage, `${indent}  `, lines);
    lines.push(`${indent}}`);
    return;
  }
  const name = field.enum?.value[value as number]?.name;
  lines.push(`${indent}${field.name}: ${name ?? scalarText(field.scalar, value)}`);
}

function scalarText(type: ScalarType | undefined, value: unknown): string {
  if (type === ScalarType.STRING) return quoted(utf8(value as string));
  if (type === ScalarType.BYTES) return quoted(value as Uint8Array);
  if (type === ScalarType.FLOAT) return floatText(value as number);
  return String(value);
}

/** The shortest digits that give the same float32. */
function floatText(value: number): string {
  for (let digits = 6; digits < 10; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Object.is(Math.fround(Number(text)), value)) return text;
  }
  return String(value).replace("Infinity", "inf").replace("NaN", "nan");
}

const names = new Map([...'\\"\n\r\t'].map((char, i) => [char.charCodeAt(0), `\\${'\\"nrt'[i]}`]));

function quoted(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f;
    text += names.get(byte) ?? (plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`);
  }
  return `"${text}"`;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

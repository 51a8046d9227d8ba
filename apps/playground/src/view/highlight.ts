import { type ComponentChild, h } from "preact";

/* Comments, strings, numbers and words of JavaScript in their own shades. */

const token =
  /(\/\/.*|\/\*[\s\S]*?\*\/)|("(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|\b(\d[\d.]*(?:e[+-]?\d+)?|Infinity|true|false)\b|(?<!\.)\b(import|from|const|let|for|of|if|break|return|new|as)\b/g;

const kinds = ["comment", "string", "number", "keyword"] as const;

/** A program as text with its parts marked. */
export function highlight(text: string): ComponentChild[] {
  const parts: ComponentChild[] = [];
  let at = 0;
  for (const match of text.matchAll(token)) {
    parts.push(text.slice(at, match.index));
    const kind = kinds[match.slice(1).findIndex((group) => group !== undefined)]!;
    parts.push(h("span", { class: `code-${kind}` }, match[0]));
    at = match.index + match[0].length;
  }
  parts.push(text.slice(at));
  return parts;
}

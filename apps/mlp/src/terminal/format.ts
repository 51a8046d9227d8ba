/** `60000` as `60,000`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** `1 epoch`, `5 epochs`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** `epoch  3/20`, as wide for every epoch of a run. */
export function epochOf(epoch: number, epochs: number): string {
  return `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`;
}

/** A share as a percentage: `0.9812` as `98.12 %`. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** Milliseconds as people say them: `80 ms`, `1.2 s`, `12 s`, `1 min 05 s`, `2 h 03 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 950) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** How fast examples went through: `32,021 examples/s`. */
export function speed(examples: number, milliseconds: number): string {
  return `${count((1000 * examples) / milliseconds)} examples/s`;
}

/** Lines side by side, `gap` spaces between, as many blocks in a row as fit into `columns`. */
export function beside(blocks: readonly (readonly string[])[], columns: number, gap = 3): string[] {
  const width = Math.max(0, ...blocks.flat().map((line) => line.length));
  const inRow = Math.max(1, Math.floor((columns + gap) / (width + gap)));
  const lines: string[] = [];
  for (let start = 0; start < blocks.length; start += inRow) {
    const row = blocks.slice(start, start + inRow);
    const height = Math.max(...row.map((block) => block.length));
    if (start > 0) lines.push("");
    for (let y = 0; y < height; y++) {
      const cells = row.map((block) => (block[y] ?? "").padEnd(width));
      lines.push(cells.join(" ".repeat(gap)).trimEnd());
    }
  }
  return lines;
}

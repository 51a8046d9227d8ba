const shades = " ░▒▓█";
// Up to this width a pixel gets two characters of five shades; beyond it, half a character, ink or none.
const widestShaded = 14;

/**
 * An image in block characters.
 *
 * @param pixels row-major, 0 for paper to 1 for ink
 */
export function drawImage(pixels: ArrayLike<number>, height: number, width: number): string[] {
  const at = (y: number, x: number) => (y < height ? pixels[y * width + x]! : 0);
  if (width <= widestShaded) {
    return Array.from({ length: height }, (_, y) =>
      Array.from({ length: width }, (_, x) => shades[Math.round(at(y, x) * (shades.length - 1))]!.repeat(2)).join(""),
    );
  }
  const ink = (y: number, x: number) => at(y, x) > 0.35;
  const half = (upper: boolean, lower: boolean) => (upper ? (lower ? "█" : "▀") : lower ? "▄" : " ");
  return Array.from({ length: Math.ceil(height / 2) }, (_, row) =>
    Array.from({ length: width }, (_, x) => half(ink(2 * row, x), ink(2 * row + 1, x))).join(""),
  );
}

/** The same pictures without the rows and columns in which none of them has a mark; at least one character remains. */
export function cropTogether(pictures: readonly (readonly string[])[]): string[][] {
  const marked = (picture: readonly string[], y: number, x: number) => (picture[y]?.[x] ?? " ") !== " ";
  const height = Math.max(0, ...pictures.map((picture) => picture.length));
  const width = Math.max(0, ...pictures.flat().map((line) => line.length));
  const rows = Array.from({ length: height }, (_, y) => y);
  const columns = Array.from({ length: width }, (_, x) => x);
  const usedRows = rows.filter((y) => pictures.some((picture) => columns.some((x) => marked(picture, y, x))));
  const usedColumns = columns.filter((x) => pictures.some((picture) => rows.some((y) => marked(picture, y, x))));
  const [top, bottom] = [usedRows[0] ?? 0, (usedRows.at(-1) ?? 0) + 1];
  const [left, right] = [usedColumns[0] ?? 0, (usedColumns.at(-1) ?? 0) + 1];
  return pictures.map((picture) => picture.slice(top, bottom).map((line) => line.slice(left, right)));
}

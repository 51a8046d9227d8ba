/** Four significant digits, as short as they can be written. */
export function numeral(value: number): string {
  if (!Number.isFinite(value)) return String(value).replace("Infinity", "∞").replace("-", "−");
  return String(Number(value.toPrecision(4)))
    .replace("-", "−")
    .replace("e-", "e−")
    .replace("e+", "e");
}

/* Numbers as people read them. */

const whole = new Intl.NumberFormat("en");

export const count = (value: number) => whole.format(Math.round(value));

/** Four significant digits, without a tail of zeros nor a long one. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 1e-4 || size >= 1e6) return value.toExponential(1).replace("e-", "e−").replace("e+", "e");
  return value.toFixed(size < 0.01 ? 5 : size < 1 ? 4 : size < 100 ? 3 : 0).replace("-", "−");
}

/** Two significant digits. */
export const short = (value: number) =>
  number(Number(value.toPrecision(2)))
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");

export const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** As an exponent where it is short, so that parameters fit in a field. */
export function parameter(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential();
  return String(value);
}

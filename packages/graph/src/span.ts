import { type EagerTensor, formatShape, isFloating } from "@gradtape/tensor";

/** What the elements of a tensor are like, in numbers. */
export interface Span {
  /** Dtype and shape. */
  readonly kind: string;
  readonly size: number;
  /** The least and the greatest of the finite elements; `min > max` when there are none. */
  readonly min: number;
  readonly max: number;
  readonly nan: number;
  readonly infinite: number;
}

export function spanOf(value: EagerTensor): Span {
  const { data, dtype, shape } = value;
  let [min, max, nan, infinite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = 0; i < data.length; i++) {
    const element = data[i]!;
    if (element - element === 0) {
      if (element < min) min = element;
      if (element > max) max = element;
    } else if (Number.isNaN(element)) nan++;
    else infinite++;
  }
  return { kind: `${dtype} ${formatShape(shape)}`, size: data.length, min, max, nan, infinite };
}

/** False at the first element that is not finite. */
export function isAllFinite({ data, dtype }: EagerTensor): boolean {
  if (!isFloating(dtype)) return true;
  for (let i = 0; i < data.length; i++) if (data[i]! - data[i]! !== 0) return false;
  return true;
}

/** `0.5 .. 3`: the range of the finite elements. */
export function formatRange({ size, min, max }: Span): string {
  if (size === 0) return "no elements";
  return min > max
    ? "nothing finite"
    : min === max
      ? formatNumber(min)
      : `${formatNumber(min)} .. ${formatNumber(max)}`;
}

/** `2 NaN and 1 Inf`; empty where everything is finite. */
export function formatFaults({ nan, infinite }: Pick<Span, "nan" | "infinite">): string {
  return [nan > 0 ? `${nan} NaN` : "", infinite > 0 ? `${infinite} Inf` : ""]
    .filter((text) => text !== "")
    .join(" and ");
}

function formatNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}

import { count as counted } from "../view/format.ts";
import { palette } from "../view/palette.ts";
import { numeral } from "./numerals.ts";
import type { Cells, Shown, SliceRows } from "./scene.ts";

/* A value in words, as a histogram, and as numbers. */

/** `[16, 6]`; a single number is a scalar. */
export const shapeText = (shape: Shown["shape"]) =>
  shape.length === 0 ? "scalar" : `[${shape.map((extent) => extent ?? "?").join(", ")}]`;

/** How many elements there are; none where the value has not been made. */
export const sizeOf = ({ shape, sample }: Shown) =>
  sample.values.length === 0 ? 0 : shape.reduce<number>((product, extent) => product * (extent ?? 1), 1);

/** `−0.8 to 0.9`, and what is no number. */
export function rangeText(value: Shown): string {
  const { least, most, nan, infinite, counts } = value;
  const range = least === most ? numeral(least) : `${numeral(least)} to ${numeral(most)}`;
  if (value.sample.values.length === 0) return "no elements";
  if (sizeOf(value) === 1) return singleText(value);
  const finite = counts.some((each) => each > 0) ? range : "nothing finite";
  return [finite, nan > 0 ? `${counted(nan)} NaN` : "", infinite > 0 ? `${counted(infinite)} infinite` : ""]
    .filter((text) => text !== "")
    .join(", ");
}

/** A value of one element. */
export const singleText = ({ sample }: Shown) => (sample.values.length === 0 ? "" : numeral(sample.values[0]!));

/** Shape, dtype and range in one line. */
export const summaryText = (value: Shown) =>
  value.slices === null
    ? `${shapeText(value.shape)}, ${value.dtype}, ${rangeText(value)}`
    : `${counted(value.slices.count)} ${value.slices.count === 1 ? "row" : "rows"} of ${shapeText(value.shape)}, ${value.dtype}, ${rangeText(value)}`;

const width = 160;
const height = 34;

/** How many elements fall where; the line is zero. */
export function Histogram({ value }: { value: Shown }) {
  const { counts, least, most } = value;
  const tallest = Math.max(1, ...counts);
  const bar = width / counts.length;
  const zero = least < 0 && most > 0 ? (width * -least) / (most - least) : null;
  const total = counts.reduce((sum, each) => sum + each, 0);
  if (total < 2 || least === most) return null;
  return (
    <figure class="look-histogram">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`Histogram of ${counted(total)} elements`}>
        {counts.map((each, i) => {
          const tall = each === 0 ? 0 : Math.max(1.5, (height * each) / tallest);
          return <rect key={i} x={i * bar + 0.5} y={height - tall} width={bar - 1} height={tall} />;
        })}
        {zero !== null && <line x1={zero} x2={zero} y1={0} y2={height} />}
      </svg>
      <figcaption>
        <span>{numeral(least)}</span>
        <span>{numeral(most)}</span>
      </figcaption>
    </figure>
  );
}

/** A pale colour behind a number, and letters that can be read on it. */
function shade(value: number, bound: number): string {
  const share = bound > 0 ? Math.min(1, Math.abs(value) / bound) : 0;
  const { positive, negative } = palette();
  return `background: ${value < 0 ? negative(0.32 * share) : positive(0.32 * share)}`;
}

/** A row of a table: numbers, shaded by their size beside `bound`. */
function numberCells(values: readonly number[], bound: number) {
  return values.map((value, column) => (
    <td key={column} style={shade(value, bound)}>
      {numeral(value)}
    </td>
  ));
}

/** The leading elements as numbers. */
export function Sample({ cells, of, bound }: { cells: Cells; of: Shown["shape"]; bound: number }) {
  const { rows, columns, values } = cells;
  if (values.length === 0) return null;
  const all = of.reduce<number>((product, extent) => product * (extent ?? 1), 1) === values.length;
  return (
    <>
      <table class="look-numbers">
        <tbody>
          {Array.from({ length: rows }, (_, row) => (
            <tr key={row}>{numberCells(values.slice(row * columns, (row + 1) * columns), bound)}</tr>
          ))}
        </tbody>
      </table>
      {!all && <p class="about">The first elements of {shapeText(of)}.</p>}
    </>
  );
}

/** IndexedSlices as the rows they are. */
export function Slices({ slices, bound }: { slices: SliceRows; bound: number }) {
  const { indices, rows, count, width: wide } = slices;
  const seen = new Map<number, number>();
  for (const index of indices) seen.set(index, (seen.get(index) ?? 0) + 1);
  return (
    <>
      <table class="look-numbers look-slices">
        <thead>
          <tr>
            <th scope="col">row</th>
            <th scope="col" colSpan={Math.max(1, rows[0]?.length ?? 1)}>
              values
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i} class={seen.get(indices[i]!)! > 1 ? "again" : ""}>
              <th scope="row" class="look-index">
                {indices[i]}
              </th>
              {numberCells(row, bound)}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="about">
        IndexedSlices: {counted(count)} {count === 1 ? "row" : "rows"}
        {count > rows.length && `, the first ${rows.length} shown`}
        {wide > (rows[0]?.length ?? wide) && `, ${counted(wide)} values in each`}; all other rows have no gradient.
        {seen.size < indices.length && " A row that comes again is marked: its values are not added up yet."}
      </p>
    </>
  );
}

/** All of it. */
export function Facts({ value, bound }: { value: Shown; bound: number }) {
  const { shape, dtype, mean, slices, sample } = value;
  const size = sizeOf(value);
  return (
    <div class="look-facts">
      <dl>
        <div>
          <dt>shape</dt>
          <dd>{shapeText(shape)}</dd>
        </div>
        <div>
          <dt>dtype</dt>
          <dd>{dtype}</dd>
        </div>
        <div>
          <dt>{size === 1 ? "value" : "range"}</dt>
          <dd>{rangeText(value)}</dd>
        </div>
        {size > 1 && (
          <div>
            <dt>mean</dt>
            <dd>{numeral(mean)}</dd>
          </div>
        )}
      </dl>
      <Histogram value={value} />
      {slices !== null ? (
        <Slices slices={slices} bound={bound} />
      ) : (
        size > 1 && <Sample cells={sample} of={shape} bound={bound} />
      )}
    </div>
  );
}

import { useRef } from "preact/hooks";
import { useDraw } from "../view/hooks.ts";
import { palette } from "../view/palette.ts";
import type { Cells, Shown } from "./scene.ts";

/** A red that is no other colour, as a pixel. */
const notFinite = 0xff3c28dc;

/** Elements as colours: blue above zero, orange below, the paper at zero; red where there is no finite number. */
export function Thumb({ cells, bound, class: name = "" }: { cells: Cells; bound: number; class?: string }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useDraw(() => {
    const canvas = ref.current;
    const { rows, columns, values } = cells;
    const colors = palette().values;
    if (canvas === null || rows === 0 || columns === 0) return;
    canvas.width = columns;
    canvas.height = rows;
    const image = new ImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    for (const [i, value] of values.entries()) {
      const share = bound > 0 ? Math.max(-1, Math.min(1, value / bound)) : 0;
      pixels[i] = Number.isFinite(value) ? colors[128 + Math.round(share * 127)]! : notFinite;
    }
    canvas.getContext("2d")!.putImageData(image, 0, 0);
  }, [cells, bound]);
  return (
    <span class={`thumb ${name}`} aria-hidden="true">
      <canvas ref={ref} style={shapeOf(cells)} />
    </span>
  );
}

/** The largest size of an element. */
export const boundOf = ({ least, most }: Shown) => Math.max(Math.abs(least), Math.abs(most));

const side = 28;

/** As tall and wide as the elements ask for, within a square; a single row or column stays broad enough to be seen. */
function shapeOf({ rows, columns }: Cells): string {
  const cell = Math.min(side / Math.max(rows, 1), side / Math.max(columns, 1), 12);
  const size = (count: number) => Math.max(8, Math.round(cell * count));
  return `width: ${size(columns)}px; height: ${size(rows)}px`;
}

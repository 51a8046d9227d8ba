import { useRef } from "preact/hooks";
import { trainer } from "../state.ts";
import { useDraw, useSize } from "./hooks.ts";
import { palette } from "./palette.ts";
import { drawIndices, prepareCanvas } from "./raster.ts";

const columns = 10;
const cell = document.createElement("canvas");

/** Digits of the test, each with what the network takes it for. */
export function Digits() {
  const [ref, width] = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  useDraw(() => {
    const digits = trainer.built.value?.digits;
    const guesses = trainer.snapshot.value?.lanes[0]?.guesses;
    const colors = palette();
    if (canvas.current === null || width === 0) return;
    const pitch = width / columns;
    const height = pitch * 1.45;
    const rows = digits ? Math.ceil(digits.labels.length / columns) : 6;
    canvas.current.style.height = `${rows * height}px`;
    const context = prepareCanvas(canvas.current, width, rows * height);
    if (!digits) return;
    context.imageSmoothingEnabled = false;
    context.textAlign = "center";
    context.font = "600 12px ui-sans-serif, system-ui, sans-serif";
    for (const [i, label] of digits.labels.entries()) {
      const [x, y] = [(i % columns) * pitch, Math.floor(i / columns) * height];
      const shades = Uint8Array.from(digits.images.subarray(64 * i, 64 * i + 64), (value) => 128 + value / 2);
      drawIndices(cell, shades, colors.values, 8);
      context.drawImage(cell, x + 2, y + 2, pitch - 4, pitch - 4);
      const guess = guesses?.[i];
      if (guess === undefined) continue;
      context.fillStyle = guess === label ? colors.positive() : colors.negative();
      context.fillText(String(guess), x + pitch / 2, y + pitch + 10);
    }
  }, [width]);
  return (
    <div ref={ref} class="digits" role="img" aria-label="Digits of the test with what the network takes them for">
      <canvas ref={canvas} />
      <p class="about">Digits of the test. Blue: read rightly. Orange: mistaken.</p>
    </div>
  );
}

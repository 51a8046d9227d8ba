/* Indices of colours on a canvas. */

interface Pixels {
  readonly image: ImageData;
  readonly pixels: Uint32Array;
}

const images = new Map<number, Pixels>();

/** An image to draw into; of each size there is one, so that drawing makes no garbage. */
function imageOf(size: number): Pixels {
  let found = images.get(size);
  if (found === undefined) {
    const image = new ImageData(size, size);
    found = { image, pixels: new Uint32Array(image.data.buffer) };
    images.set(size, found);
  }
  return found;
}

/** Draws `size` x `size` indices, from `from` on, in the canvas's own resolution. */
export function drawIndices(
  canvas: HTMLCanvasElement,
  indices: Uint8Array,
  colors: Uint32Array,
  size: number,
  from = 0,
): void {
  if (canvas.width !== size) canvas.width = size;
  if (canvas.height !== size) canvas.height = size;
  const { image, pixels } = imageOf(size);
  for (let i = 0; i < pixels.length; i++) pixels[i] = colors[indices[from + i]!]!;
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}

/** Gives a canvas the pixels of the screen; its context then draws in CSS pixels. */
export function prepareCanvas(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const scale = Math.min(2, devicePixelRatio || 1);
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const context = canvas.getContext("2d")!;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

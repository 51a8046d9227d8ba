import type { Colors } from "./screen.ts";

const marks = ["·", "o", "#", "+", "x", "%", "=", "@"];

/** Points of a grid over [-1, 1] x [-1, 1], row by row from the top, as a flat `[height * width, 2]` array. */
export function gridPoints(height: number, width: number): Float32Array {
  const points = new Float32Array(2 * height * width);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      points[i++] = (2 * x) / (width - 1) - 1;
      points[i++] = 1 - (2 * y) / (height - 1);
    }
  }
  return points;
}

/** The predicted class of every grid point, a mark for each class. */
export function drawRegions(classes: ArrayLike<number>, height: number, width: number, colors: Colors): string[] {
  const paints = [colors.cyan, colors.yellow, colors.red, colors.green];
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      const predicted = classes[y * width + x]!;
      return paints[predicted % paints.length]!(marks[predicted % marks.length]!);
    }).join(""),
  );
}

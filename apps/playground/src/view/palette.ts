import { signal } from "@preact/signals";
import { shades } from "../worker/protocol.ts";

/* Colours of values and classes, in both schemes. A class looks the same as a point, in a surface and in a legend. */

type Color = readonly [number, number, number];

const light = {
  paper: [250, 250, 248] as Color,
  low: [201, 98, 33] as Color,
  high: [33, 102, 172] as Color,
  line: [120, 128, 140] as Color,
};
const dark = {
  paper: [27, 30, 36] as Color,
  low: [240, 148, 84] as Color,
  high: [104, 168, 240] as Color,
  line: [120, 130, 146] as Color,
};

const classesLight: readonly Color[] = [
  [201, 98, 33],
  [33, 102, 172],
  [46, 125, 80],
  [150, 70, 150],
  [176, 137, 0],
  [0, 131, 143],
  [194, 58, 82],
  [104, 90, 200],
  [121, 85, 61],
  [84, 96, 108],
];
const classesDark: readonly Color[] = [
  [240, 148, 84],
  [104, 168, 240],
  [104, 196, 140],
  [214, 142, 214],
  [226, 192, 84],
  [84, 200, 210],
  [244, 126, 146],
  [164, 152, 250],
  [196, 158, 130],
  [164, 176, 190],
];

const query = matchMedia("(prefers-color-scheme: dark)");

/** Whether the scheme is dark now. */
export const isDark = signal(query.matches);
query.addEventListener("change", () => {
  isDark.value = query.matches;
});

const css = ([r, g, b]: Color, alpha = 1) => `rgb(${r} ${g} ${b} / ${alpha})`;
const mix = (a: Color, b: Color, share: number): Color =>
  [0, 1, 2].map((i) => Math.round(a[i]! + (b[i]! - a[i]!) * share)) as unknown as Color;
const pixel = ([r, g, b]: Color) => (255 << 24) | (b << 16) | (g << 8) | r;

/** The colours of one scheme. */
export interface Palette {
  readonly paper: string;
  /** Of a negative weight, and of a positive one. */
  negative(alpha?: number): string;
  positive(alpha?: number): string;
  classColor(index: number, alpha?: number): string;
  /** Of a number from -1 to 1. */
  valueColor(value: number): string;
  /** Pixels for indices around 128. */
  readonly values: Uint32Array;
  /** Pixels for indices of classes. */
  readonly classes: Uint32Array;
}

function makePalette(ends: typeof light, classColors: readonly Color[]): Palette {
  const { paper, low, high } = ends;
  // A surface is paler than the points that lie on it.
  const ink = (share: number) => 0.72 * Math.min(1, Math.abs(share)) ** 0.9;
  const valueAt = (share: number) => mix(paper, share < 0 ? low : high, ink(share));
  return {
    paper: css(paper),
    negative: (alpha = 1) => css(low, alpha),
    positive: (alpha = 1) => css(high, alpha),
    classColor: (index, alpha = 1) => css(classColors[index % classColors.length]!, alpha),
    valueColor: (value) => css(mix(paper, value < 0 ? low : high, Math.min(1, 0.25 + Math.abs(value)))),
    values: Uint32Array.from({ length: 256 }, (_, i) => pixel(valueAt((i - 128) / 127))),
    classes: Uint32Array.from({ length: 256 }, (_, i) => {
      const share = (i % shades) / (shades - 1);
      return pixel(mix(paper, classColors[Math.floor(i / shades) % classColors.length]!, ink(0.15 + 0.85 * share)));
    }),
  };
}

const [lightPalette, darkPalette] = [makePalette(light, classesLight), makePalette(dark, classesDark)];

/** The colours of the present scheme. */
export const palette = (): Palette => (isDark.value ? darkPalette : lightPalette);

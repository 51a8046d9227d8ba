import images from "../../../mlp/data/digits-images-idx3-ubyte.gz?inline";
import labels from "../../../mlp/data/digits-labels-idx1-ubyte.gz?inline";
import type { DigitImages } from "./examples.ts";

/* The digits travel as text in a script of their own, loaded when somebody wants them: the page may fetch nothing. */

const textOf = (dataUrl: string) => dataUrl.slice(dataUrl.indexOf(",") + 1);

/** The packed files as base64. */
export const packedDigits = { images: textOf(images), labels: textOf(labels) };

async function unpack(text: string, header: number): Promise<Uint8Array> {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer()).subarray(header);
}

/** The pixels and the labels, without the headers of their files. */
export async function loadDigits(): Promise<DigitImages> {
  const [pixels, classes] = await Promise.all([unpack(packedDigits.images, 16), unpack(packedDigits.labels, 8)]);
  return { images: pixels, labels: classes };
}

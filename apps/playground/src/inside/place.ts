/** The line of the user's program in a stack, which is the only script with an address of this kind. */
export function lineIn(stack: string | undefined): number | null {
  const line = stack?.match(/blob:[^\s)]*?:(\d+):\d+/)?.[1];
  return line === undefined ? null : Number(line);
}

let threads = 1;

/** How many threads compiled steps run on. */
export function threadCount(): number {
  return threads;
}

/** Sets how many threads the next machine has. */
export function countThreads(count: number): void {
  threads = count;
}

/* Timers of a program, so that its end can be waited for. */

const waiting = new Set<unknown>();
let whenIdle: (() => void)[] = [];

function forget(id: unknown): void {
  waiting.delete(id);
  if (waiting.size > 0) return;
  for (const resolve of whenIdle) resolve();
  whenIdle = [];
}

const { setTimeout: later, clearTimeout: forgetLater, setInterval: again, clearInterval: forgetAgain } = globalThis;

/** Counts the timers that are set from now on. */
export function watchTimers(): void {
  const setTimeout = (callback: (...args: unknown[]) => void, milliseconds = 0, ...args: unknown[]) => {
    const id = later(() => {
      try {
        callback(...args);
      } finally {
        // Promise callbacks that it leaves run before the end.
        later(() => forget(id));
      }
    }, milliseconds);
    waiting.add(id);
    return id;
  };
  const setInterval = (callback: (...args: unknown[]) => void, milliseconds = 0, ...args: unknown[]) => {
    const id = again(callback, milliseconds, ...args);
    waiting.add(id);
    return id;
  };
  const clear = (id: number) => {
    forgetLater(id);
    forgetAgain(id);
    forget(id);
  };
  Object.assign(globalThis, { setTimeout, setInterval, clearTimeout: clear, clearInterval: clear });
}

/** Settles when no timer waits any more, and all promise callbacks have run. */
export function pending(): Promise<void> {
  return new Promise((resolve) => {
    later(() => (waiting.size === 0 ? resolve() : whenIdle.push(resolve)));
  });
}

/**
 * The result of a function that must not be async: records, scopes and checks would cover it up to its first await only.
 * Throws a TypeError that names `op` for a promise.
 */
export function synchronous<T>(op: string, result: T): T {
  if (typeof result !== "object" || result === null || typeof (result as { then?: unknown }).then !== "function") {
    return result;
  }
  // This error stands for whatever becomes of the promise.
  Promise.resolve(result).catch(() => {});
  throw new TypeError(
    `${op}: the function is async, it returned a promise; what follows its first await would be missed: ` +
      "await what it needs before, and give a function that returns its result",
  );
}

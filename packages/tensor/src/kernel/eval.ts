import { environment } from "../wasm/features.ts";

let allowed: boolean | undefined;

/**
 * Whether text may become code: a page's content security policy without `unsafe-eval` forbids it. Asked once, because
 * every attempt is reported as a violation. `GRADTAPE_EVAL=0` in the environment says no.
 */
export function mayEval(): boolean {
  allowed ??= environment("GRADTAPE_EVAL") !== "0" && succeeds();
  return allowed;
}

function succeeds(): boolean {
  try {
    new Function("");
    return true;
  } catch {
    return false;
  }
}

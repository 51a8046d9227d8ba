import type { Operand } from "@gradtape/graph";
import type { UnconnectedGradients } from "./endpoints.ts";
import type { Structure } from "./structure.ts";

export interface TapeOptions {
  /** Allow several calls of `gradient`, and calls while recording. The records then live as long as the tape. */
  readonly persistent?: boolean;
  /** Watch every trainable variable that is read while recording. */
  readonly watchAccessedVariables?: boolean;
  /**
   * Remember the line of each op, for `explainGradient` to tell; false when left out, because it costs about as much as
   * a small op. Operations of a graph know their lines by themselves.
   */
  readonly locations?: boolean;
  /**
   * Stop with an InvalidArgumentError at the first op, recorded or on the way back, that turns finite values into a NaN
   * or an infinity; false when left out.
   */
  readonly checkNumerics?: boolean;
}

export interface GradientOptions {
  /** The cotangent of each target; ones where missing or `null`. */
  readonly outputGradients?: Structure<Operand | null>;
  /** `"none"` (default) gives `null` for a source the target does not depend on, `"zero"` gives zeros. */
  readonly unconnectedGradients?: UnconnectedGradients;
}

export interface JacobianOptions {
  readonly unconnectedGradients?: UnconnectedGradients;
  /** Accepted for compatibility; one backward pass per element is made either way. */
  readonly parallelIterations?: number | null;
  readonly experimentalUsePfor?: boolean;
}

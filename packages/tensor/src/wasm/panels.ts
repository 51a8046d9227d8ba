/* How the operands of a product are packed. */

/** Rows of a panel of A. */
export const ROWS = 4;

/** Columns of a panel of B. */
export const COLUMNS = 8;

/** Bytes of the area that `gemm` needs for the tiles at the edges. */
export const SCRATCH = 256;

import { type Axis, productPanels, wasm } from "@gradtape/tensor";
import type { Kernel, Product } from "../fuse.ts";
import type { Operand } from "../node.ts";
import type { Value } from "../values.ts";
import { arrangeLoops, emitLoops, type LoopLibrary } from "./loops.ts";
import { offset, type Portion, type Routine } from "./routine.ts";

const { i32 } = wasm;

/** The kernels of the library that a module imports. */
export interface ProductKernels {
  readonly packA: wasm.WasmFunction;
  readonly packB: wasm.WasmFunction;
  readonly gemm: wasm.WasmFunction;
}

export function importProducts(module: wasm.WasmModule): ProductKernels {
  const ints = (count: number) => Array<"i32">(count).fill("i32");
  return {
    packA: module.import("library", "packA", ints(6), null),
    packB: module.import("library", "packB", ints(6), null),
    gemm: module.import("library", "gemm", ints(8), null),
  };
}

const { ROWS, COLUMNS, SCRATCH: EDGES } = productPanels;
const FLOAT = 4;

/** Rows of a product are computed in blocks whose results stay in the cache until the epilogue has read them. */
const RESULT_BYTES = 65536;
const PANEL_BYTES = 262144;

/** Sizes of a product, and how it is computed: rows at a time, and where its parts lie in the work area (bytes). */
export interface Extents {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batch: readonly number[];
  readonly block: number;
  /** Bytes of the packed right side, which threads share. */
  readonly panelsB: number;
  /** Bytes of what each thread has for itself: edges, packed rows, results. */
  readonly own: number;
  readonly panelsA: number;
}

const roundUp = (count: number, to: number) => Math.ceil(count / to) * to;

export function extentsOf({ a, result }: Product): Extents {
  const { shape } = result.layout;
  const [m, n] = shape.slice(-2) as [number, number];
  const k = a.layout.shape[a.layout.shape.length - 1]!;
  const fitting = Math.min(RESULT_BYTES / (n * FLOAT), PANEL_BYTES / (Math.max(1, k) * FLOAT));
  const block = Math.min(roundUp(m, ROWS), Math.max(16, Math.floor(fitting / 16) * 16));
  const panelsA = roundUp(block * k * FLOAT, 64);
  return {
    ...{ m, n, k, block, panelsA, batch: shape.slice(0, -2) },
    panelsB: roundUp(roundUp(n, COLUMNS) * k * FLOAT, 64),
    own: EDGES + panelsA + roundUp(block * n * FLOAT, 64),
  };
}

/** Bytes of the work area. */
export function productWork(product: Product, threads: number): number {
  const { panelsB, own } = extentsOf(product);
  return panelsB + threads * own;
}

interface Setting {
  readonly routine: Routine;
  readonly kernels: ProductKernels;
  readonly library: LoopLibrary;
  /** The work area. */
  readonly work: number;
}

/** Packs part of the columns of the right side. */
export function emitPackB(
  { routine, kernels, work }: Setting,
  product: Product,
  { from, to }: Portion,
): wasm.Statement[] {
  if (to <= from) return [];
  const { k } = extentsOf(product);
  const [rowStride, columnStride] = product.b.layout.strides.slice(-2) as [number, number];
  const start = routine.address(product.b, from * columnStride);
  return [
    kernels.packB.call(
      start,
      i32(columnStride * FLOAT),
      i32(rowStride * FLOAT),
      i32(to - from),
      i32(k),
      i32(work + from * k * FLOAT),
    ) as wasm.Statement,
  ];
}

/** The product of packed columns with part of the rows, and what is done to it on the spot. */
export function emitRows(setting: Setting, kernel: Kernel, thread: number, { from, to }: Portion): wasm.Statement[] {
  const { routine, kernels, library, work } = setting;
  const product = kernel.product!;
  const loops = kernel.loops!;
  const { n, k, block, panelsB, own, panelsA } = extentsOf(product);
  const [edges, panel, strip] = ownAreas(work + panelsB + thread * own, panelsA);
  const [rowStride, columnStride] = product.a.layout.strides.slice(-2) as [number, number];
  // The sums go straight to where a result of their own shape is wanted; the epilogue then works in place.
  const direct = loops.targets.find(isPlain);
  const bare = loops.targets.length === 1 && direct !== undefined && loops.expressions[0]!.op === "input";
  const statements: wasm.Statement[] = [];
  for (let row = from; row < to; row += block) {
    const rows = Math.min(block, to - row);
    const place = direct === undefined ? i32(strip) : routine.address(direct.value, row * n);
    statements.push(
      kernels.packA.call(
        routine.address(product.a, row * rowStride),
        i32(rowStride * FLOAT),
        i32(columnStride * FLOAT),
        i32(rows),
        i32(k),
        i32(panel),
      ) as wasm.Statement,
      kernels.gemm.call(
        ...[i32(panel), i32(work), place],
        ...[rows, n, k, n * FLOAT, edges].map(i32),
      ) as wasm.Statement,
    );
    if (bare) continue;
    const shape = [rows, n];
    const arranged = arrangeLoops({ ...loops, shape });
    const at = (operand: Operand, i: number) =>
      i === 0 ? place : routine.address(operand.value, row * operand.strides[0]!);
    const addresses = [...loops.operands.map(at), ...loops.targets.map((target) => at(target, -1))];
    statements.push(...emitLoops(routine, library, arranged, addresses));
  }
  return statements;

  function isPlain({ value, strides }: Operand): boolean {
    const own = value.buffer.kind === "temporary" && value.buffer.dtype === "float32";
    return own && strides[0] === n && strides[1] === 1;
  }
}

function ownAreas(at: number, panelsA: number): [edges: number, panel: number, strip: number] {
  return [at, at + EDGES, at + EDGES + panelsA];
}

/** Products of matrices in leading axes, one after the other. */
export function emitBatch(
  { routine, kernels, work }: Setting,
  [a, b]: readonly Value[],
  result: Value,
): wasm.Statement[] {
  const product: Product = { a: a!, b: b!, result };
  const { m, n, k, batch, block, panelsB, panelsA } = extentsOf(product);
  const [edges, panel] = ownAreas(work + panelsB, panelsA);
  const strides = [a!, b!, result].map(({ layout }) => {
    const own = layout.strides.slice(0, -2).map((stride, axis) => (layout.shape[axis] === 1 ? 0 : stride));
    return [...Array<number>(batch.length - own.length).fill(0), ...own];
  });
  const axes: Axis[] = batch.map((extent, axis) => ({ extent, strides: strides.map((list) => list[axis]!) }));
  if (m * n === 0) return [];
  const [aRow, aColumn] = a!.layout.strides.slice(-2) as [number, number];
  const [bRow, bColumn] = b!.layout.strides.slice(-2) as [number, number];
  const addresses = [a!, b!, result].map((value) => routine.address(value));
  return routine.walk(axes, addresses, ([left, right, target]) => [
    kernels.packB.call(right!, ...[bColumn * FLOAT, bRow * FLOAT, n, k, work].map(i32)) as wasm.Statement,
    ...Array.from({ length: Math.ceil(m / block) }, (_, i) => i * block).flatMap((row) => {
      const rows = Math.min(block, m - row);
      const from = offset(left!, row * aRow * FLOAT);
      return [
        kernels.packA.call(from, ...[aRow * FLOAT, aColumn * FLOAT, rows, k, panel].map(i32)) as wasm.Statement,
        kernels.gemm.call(
          ...[i32(panel), i32(work), offset(target!, row * n * FLOAT)],
          ...[rows, n, k, n * FLOAT, edges].map(i32),
        ) as wasm.Statement,
      ];
    }),
  ]);
}

import { sums, wasm } from "@gradtape/tensor";
import { define, less, plus, run, times } from "./rows.ts";

/* Kernels that add up rows by the segments that ids name. */

const { f32x4, i32, ifElse, load, op, store, storeLane, whileDo } = wasm;
type Code = wasm.Value;
type Statement = wasm.Statement;

/** `add(rows, ids, to, count, rowBytes)`: each row added to the one of `to` that its id names; negative ids are passed over. */
export function addSegmentSum(module: wasm.WasmModule, type: "f32x4" | "i32x4"): wasm.WasmFunction {
  const add = `${type}.add` as const;
  return define(module, 5, (made, rows, ids, to, count, rowBytes) => {
    const [target, left, id] = [made.local("i32"), made.local("i32"), made.local("i32")];
    const sum = (name: "v128.load" | "v128.load32_splat") => op(add, load(name, target.get()), load(name, rows!.get()));
    return [
      whileDo(count!.get(), [
        id.set(load("i32.load", ids!.get())),
        ifElse(
          less(id.get(), 0),
          [rows!.set(plus(rows!.get(), rowBytes!.get()))],
          [
            target.set(plus(to!.get(), times(id.get(), rowBytes!.get()))),
            left.set(rowBytes!.get()),
            ...run(
              left,
              [target, rows!],
              [store("v128.store", target.get(), sum("v128.load"))],
              [storeLane(target.get(), sum("v128.load32_splat"), 0)],
            ),
          ],
        ),
        ids!.set(plus(ids!.get(), i32(4))),
        count!.set(op("i32.sub", count!.get(), i32(1))),
      ]),
    ];
  });
}

/** Rows of a segment from this number on make a sum of several blocks. */
const LONG = sums.BLOCK + 1;

/** Bytes at the beginning of a long sum's area, which count its rows. Behind them lie its block and what rounding took. */
const HEAD = 16;

/** Bytes of work to add up `count` rows, of which some segments may have many. */
export function longWork(count: number, segments: number, rowBytes: number): number {
  return segments * 4 + Math.floor(count / LONG) * (HEAD + 2 * rowBytes);
}

const lanes: sums.Arithmetic<Code, Code> = {
  add: (x, y) => op("f32x4.add", x, y),
  sub: (x, y) => op("f32x4.sub", x, y),
  abs: (x) => op("f32x4.abs", x),
  lt: (x, limit) => op("f32x4.lt", x, f32x4(limit)),
  select: (condition, x) => op("v128.and", x, condition),
};

/** A kernel over rows that lie at the first parameters, its last one their length: `each` makes of vectors what is stored. */
function rowKernel(module: wasm.WasmModule, pointers: number, each: (...rows: Code[]) => readonly (Code | null)[]) {
  return define(module, pointers + 1, (made, ...params) => {
    const bytes = params.pop()!;
    const step = (
      read: "v128.load" | "v128.load32_splat",
      write: (at: Code, value: Code) => Statement,
    ): Statement[] => {
      const kept = each(...params.map((at) => load(read, at.get()))).map((value) =>
        value === null ? null : { value, local: made.local("v128") },
      );
      return [
        ...kept.flatMap((one) => (one === null ? [] : [one.local.set(one.value)])),
        ...kept.flatMap((one, i) => (one === null ? [] : [write(params[i]!.get(), one.local.get())])),
      ];
    };
    return run(
      bytes,
      params,
      step("v128.load", (at, value) => store("v128.store", at, value)),
      step("v128.load32_splat", (at, value) => storeLane(at, value, 0)),
    );
  });
}

/**
 * `add(rows, ids, to, count, rowBytes, segments, work)`: the same for float32 in the order of every sum, `plain` where no
 * segment has many rows. The work area begins with a word for each segment: how many rows it has, then where its long sum
 * lies.
 */
export function addLongSegmentSum(
  module: wasm.WasmModule,
  plain: wasm.WasmFunction,
  zeros: wasm.WasmFunction,
): wasm.WasmFunction {
  const close = rowKernel(module, 3, (total, lost, block) => [...sums.carried(lanes, total!, lost!, block!), f32x4(0)]);
  return define(module, 7, (made, rows, ids, to, count, rowBytes, segments, work) => {
    const local = () => made.local("i32");
    const [end, at, left, most, id, long, row, target] = [
      ...[local(), local(), local(), local()],
      ...[local(), local(), local(), local()],
    ] as [wasm.Local, wasm.Local, wasm.Local, wasm.Local, wasm.Local, wasm.Local, wasm.Local, wasm.Local];
    const sum = (name: "v128.load" | "v128.load32_splat") => lanes.add(load(name, target.get()), load(name, row.get()));
    const size = plus(i32(HEAD), times(i32(2), rowBytes!.get()));
    const block = plus(long.get(), i32(HEAD));
    const lost = plus(block, rowBytes!.get());
    const word = plus(work!.get(), op("i32.shl", id.get(), i32(2)));
    const total = plus(to!.get(), times(id.get(), rowBytes!.get()));
    const decrease = (counter: wasm.Local) => counter.set(op("i32.sub", counter.get(), i32(1)));
    const advance = (pointer: wasm.Local, by: Code) => pointer.set(plus(pointer.get(), by));
    const closing = close.call(total, lost, block, rowBytes!.get()) as Statement;
    /** Each segment with its word in `long`. */
    const eachSegment = (body: readonly Statement[]): Statement[] => [
      id.set(i32(0)),
      whileDo(op("i32.lt_s", id.get(), segments!.get()), [
        long.set(load("i32.load", word)),
        ...body,
        advance(id, i32(1)),
      ]),
    ];
    return [
      zeros.call(work!.get(), op("i32.shl", segments!.get(), i32(2))) as Statement,
      at.set(ids!.get()),
      left.set(count!.get()),
      whileDo(left.get(), [
        id.set(load("i32.load", at.get())),
        ifElse(op("i32.ge_s", id.get(), i32(0)), [
          store("i32.store", word, long.tee(plus(load("i32.load", word), i32(1)))),
          most.set(wasm.select(op("i32.gt_s", long.get(), most.get()), long.get(), most.get())),
        ]),
        advance(at, i32(4)),
        decrease(left),
      ]),
      ifElse(
        less(most.get(), LONG),
        [plain.call(rows!.get(), ids!.get(), to!.get(), count!.get(), rowBytes!.get()) as Statement],
        [
          end.set(plus(work!.get(), op("i32.shl", segments!.get(), i32(2)))),
          ...eachSegment([
            ifElse(
              less(long.get(), LONG),
              [store("i32.store", word, i32(0))],
              [store("i32.store", word, end.get()), zeros.call(end.get(), size) as Statement, advance(end, size)],
            ),
          ]),
          at.set(ids!.get()),
          row.set(rows!.get()),
          whileDo(count!.get(), [
            id.set(load("i32.load", at.get())),
            ifElse(
              op("i32.ge_s", id.get(), i32(0)),
              [
                long.set(load("i32.load", word)),
                target.set(wasm.select(long.get(), block, total)),
                left.set(rowBytes!.get()),
                ...run(
                  left,
                  [target, row],
                  [store("v128.store", target.get(), sum("v128.load"))],
                  [storeLane(target.get(), sum("v128.load32_splat"), 0)],
                ),
                ifElse(long.get(), [
                  store("i32.store", long.get(), left.tee(plus(load("i32.load", long.get()), i32(1)))),
                  ifElse(op("i32.eqz", op("i32.and", left.get(), i32(sums.BLOCK - 1))), [closing]),
                ]),
              ],
              [advance(row, rowBytes!.get())],
            ),
            advance(at, i32(4)),
            decrease(count!),
          ]),
          ...eachSegment([ifElse(long.get(), [closing])]),
        ],
      ),
    ];
  });
}

import { wasm } from "@gradtape/tensor";

/* Kernels that work on rows named by indices. Each is added to a module once. */

const { f32x4, i32, ifElse, load, op, store, whileDo } = wasm;
type Code = wasm.Value;
type Statement = wasm.Statement;

export const plus = (a: Code, b: Code) => op("i32.add", a, b);
export const times = (a: Code, b: Code) => op("i32.mul", a, b);
export const less = (a: Code, b: number) => op("i32.lt_s", a, i32(b));

export function define(
  module: wasm.WasmModule,
  parameters: number,
  body: (made: wasm.WasmFunction, ...params: wasm.Local[]) => Statement[],
) {
  const made = module.function(Array<"i32">(parameters).fill("i32"), null);
  made.define(body(made, ...made.params));
  return made;
}

/** `bytes` bytes (a multiple of 4), sixteen at a time and then four: the pointers move on. */
export function run(
  bytes: wasm.Local,
  pointers: readonly wasm.Local[],
  wide: Statement[],
  narrow: Statement[],
): Statement[] {
  const step = (by: number) => pointers.map((pointer) => pointer.set(plus(pointer.get(), i32(by))));
  const enough = (count: number) => op("i32.ge_s", bytes.get(), i32(count));
  const take = (count: number) => bytes.set(op("i32.sub", bytes.get(), i32(count)));
  return [whileDo(enough(16), [...wide, ...step(16), take(16)]), whileDo(enough(4), [...narrow, ...step(4), take(4)])];
}

/** `fill(at, bytes)`: zeros. */
export function addZeros(module: wasm.WasmModule): wasm.WasmFunction {
  return define(module, 2, (_, at, bytes) =>
    run(bytes!, [at!], [store("v128.store", at!.get(), f32x4(0))], [store("i32.store", at!.get(), i32(0))]),
  );
}

/** `gather(table, indices, to, count, rowBytes)`: the named rows, one after the other; zeros for a negative name. */
export function addGather(module: wasm.WasmModule, zeros: wasm.WasmFunction): wasm.WasmFunction {
  return define(module, 5, (made, table, indices, to, count, rowBytes) => {
    const [from, left, index] = [made.local("i32"), made.local("i32"), made.local("i32")];
    return [
      whileDo(count!.get(), [
        index.set(load("i32.load", indices!.get())),
        ifElse(
          less(index.get(), 0),
          [zeros.call(to!.get(), rowBytes!.get()) as Statement, to!.set(plus(to!.get(), rowBytes!.get()))],
          [
            from.set(plus(table!.get(), times(index.get(), rowBytes!.get()))),
            left.set(rowBytes!.get()),
            ...run(
              left,
              [from, to!],
              [store("v128.store", to!.get(), load("v128.load", from.get()))],
              [store("i32.store", to!.get(), load("i32.load", from.get()))],
            ),
          ],
        ),
        indices!.set(plus(indices!.get(), i32(4))),
        count!.set(op("i32.sub", count!.get(), i32(1))),
      ]),
    ];
  });
}

/**
 * `touch(table, indices, count, rowBytes, to)`: reads a little of the named rows and adds it up in `to`. What was read is in
 * the cache afterwards; reading one row after the other by itself, the processor would wait for each.
 */
export function addTouch(module: wasm.WasmModule): wasm.WasmFunction {
  return define(module, 5, (made, table, indices, count, rowBytes, to) => {
    const [row, end, sum] = [made.local("i32"), made.local("i32"), made.local("i32")];
    return [
      whileDo(count!.get(), [
        row.set(plus(table!.get(), times(load("i32.load", indices!.get()), rowBytes!.get()))),
        end.set(plus(row.get(), rowBytes!.get())),
        whileDo(op("i32.lt_u", row.get(), end.get()), [
          sum.set(plus(sum.get(), load("i32.load", row.get()))),
          row.set(plus(row.get(), i32(LINE))),
        ]),
        indices!.set(plus(indices!.get(), i32(4))),
        count!.set(op("i32.sub", count!.get(), i32(1))),
      ]),
      store("i32.store", to!.get(), sum.get()),
    ];
  });
}

/** Bytes that come into the cache together. */
const LINE = 64;

/** `check(indices, count, rows, low)`: 1 when an index is below `low`, or not below `rows`. */
export function addCheck(module: wasm.WasmModule): wasm.WasmFunction {
  const made = module.function(["i32", "i32", "i32", "i32"], "i32");
  const [indices, count, rows, low] = made.params as [wasm.Local, wasm.Local, wasm.Local, wasm.Local];
  const [index, bad] = [made.local("i32"), made.local("i32")];
  made.define(
    [
      whileDo(count.get(), [
        index.set(load("i32.load", indices.get())),
        bad.set(
          op(
            "i32.or",
            bad.get(),
            op("i32.or", op("i32.lt_s", index.get(), low.get()), op("i32.ge_s", index.get(), rows.get())),
          ),
        ),
        indices.set(plus(indices.get(), i32(4))),
        count.set(op("i32.sub", count.get(), i32(1))),
      ]),
    ],
    bad.get(),
  );
  return made;
}

/**
 * `unique(from, count, values, positions, table, mask, cell)`: the distinct elements in order of first appearance, zeros
 * behind them; the position of each element among them; how many there are, to `cell`. `table` has room for `mask` + 1
 * positions, a power of two that is larger than `count`: element x is looked for from its hash on.
 */
export function addUnique(module: wasm.WasmModule): wasm.WasmFunction {
  return define(module, 7, (made, from, count, values, positions, table, mask, cell) => {
    const [slot, found, element, seen, left] = Array.from({ length: 5 }, () => made.local("i32")) as [
      wasm.Local,
      wasm.Local,
      wasm.Local,
      wasm.Local,
      wasm.Local,
    ];
    const next = op("i32.and", slot.get(), mask!.get());
    const at = plus(table!.get(), op("i32.shl", slot.get(), i32(2)));
    const valueAt = (position: Code) => plus(values!.get(), op("i32.shl", position, i32(2)));
    // The table holds positions plus one; 0 is empty.
    const differs = op(
      "i32.and",
      op("i32.ne", found.tee(load("i32.load", at)), i32(0)),
      op("i32.ne", load("i32.load", valueAt(op("i32.sub", found.get(), i32(1)))), element.get()),
    );
    const clear = (pointer: wasm.Local, words: Code): Statement[] => [
      left.set(words),
      slot.set(pointer.get()),
      whileDo(left.get(), [
        store("i32.store", slot.get(), i32(0)),
        slot.set(plus(slot.get(), i32(4))),
        left.set(op("i32.sub", left.get(), i32(1))),
      ]),
    ];
    return [
      ...clear(table!, plus(mask!.get(), i32(1))),
      ...clear(values!, count!.get()),
      whileDo(count!.get(), [
        element.set(load("i32.load", from!.get())),
        slot.set(op("i32.shr_u", times(element.get(), i32(0x9e3779b1 | 0)), i32(7))),
        slot.set(next),
        whileDo(differs, [slot.set(plus(slot.get(), i32(1))), slot.set(next)]),
        ifElse(op("i32.eqz", found.get()), [
          store("i32.store", valueAt(seen.get()), element.get()),
          found.set(seen.tee(plus(seen.get(), i32(1)))),
          store("i32.store", at, found.get()),
        ]),
        store("i32.store", positions!.get(), op("i32.sub", found.get(), i32(1))),
        positions!.set(plus(positions!.get(), i32(4))),
        from!.set(plus(from!.get(), i32(4))),
        count!.set(op("i32.sub", count!.get(), i32(1))),
      ]),
      store("i32.store", cell!.get(), seen.get()),
    ];
  });
}

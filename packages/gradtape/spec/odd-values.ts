import * as gt from "gradtape";

/* Values that functions do not expect, each of a kind of its own. */

const traps = ["get", "set", "has", "ownKeys", "getPrototypeOf", "getOwnPropertyDescriptor", "defineProperty"];

function trapped(): unknown {
  const fail = () => {
    throw new Error("a trap throws");
  };
  return new Proxy({}, Object.fromEntries(traps.map((name) => [name, fail])));
}

function cyclic(): unknown {
  const list: unknown[] = [];
  list.push(list);
  return list;
}

function deep(): unknown {
  let list: unknown = 1;
  for (let i = 0; i < 10_000; i++) list = [list];
  return list;
}

function detached(): Float32Array {
  const array = new Float32Array(4);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

export const oddValues: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  NaN: Number.NaN,
  "-1": -1,
  "1.5": 1.5,
  "2 ** 40": 2 ** 40,
  Infinity: Number.POSITIVE_INFINITY,
  "an empty string": "",
  "a string": "x",
  "a symbol": Symbol("x"),
  "a BigInt": 10n,
  true: true,
  "a function": () => {},
  "an async function": async () => {},
  "an empty object": {},
  "an empty array": [],
  "a ragged array": [[1], [2, 3]],
  // biome-ignore lint/suspicious/noSparseArray: the hole is what is tried
  "an array with a hole": [1, , 3],
  "an object without a prototype": Object.create(null),
  "a proxy whose traps throw": trapped(),
  "an array that holds itself": cyclic(),
  "a deep array": deep(),
  "a detached array": detached(),
  "a shared array": new Float32Array(new SharedArrayBuffer(16)),
  "an invalid date": new Date(Number.NaN),
  "a map": new Map(),
  "a tensor of another graph": new gt.Graph().asDefault(() => gt.placeholder("float32", [2])),
  slices: new gt.IndexedSlices([[1, 2]], [0], [2, 2]),
  "a variable": new gt.Variable([1, 2]),
  "a bool tensor": gt.tensor([true, false]),
  "an empty tensor": gt.zeros([0]),
};

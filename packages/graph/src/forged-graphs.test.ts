import { InvalidArgumentError, NotFoundError } from "@gradtape/tensor";
import { expect, test } from "vitest";
import * as g from "./index.ts";

/* Forged definitions of graphs: each throws an error that names the node and its fault. */

const x = { name: "x", op: "placeholder", inputs: [], attributes: { dtype: "float32", shape: [2, 3] } };
const y = { name: "y", op: "placeholder", inputs: [], attributes: { dtype: "float32", shape: [4] } };
const n = { name: "n", op: "placeholder", inputs: [], attributes: { dtype: "int32", shape: [2] } };
const w = { name: "w", op: "variable", inputs: [], attributes: { dtype: "float32", shape: [2, 3], trainable: true } };
const value = { dtype: "float32", shape: [1], data: "AACAPw==" };

const read = (...nodes: unknown[]) => g.fromGraphDef({ format: "gradtape/graph/1", nodes, collections: {} } as never);
const op = (name: string, inputs: string[], attributes: object = {}) => ({ name: "f", op: name, inputs, attributes });
const withNode = (node: unknown) => () => read(x, y, n, w, node);

const forms: [string, unknown, RegExp][] = [
  ["no node", null, /node 4: it is no object/],
  ["a list for a node", [], /node 4: it is no object/],
  ["a text for a node", "x", /node 4: it is no object/],
  ["a name that is no string", { ...op("neg", ["x:0"]), name: 7 }, /node 4: the field name is the number 7/],
  ["an op that is no string", { ...op("neg", ["x:0"]), op: null }, /node "f": the field op is null/],
  ["inputs that are no list", { ...op("neg", []), inputs: "x:0" }, /node "f": the field inputs is the string "x:0"/],
  ["an input that is no string", { ...op("neg", []), inputs: [3] }, /node "f": the field inputs/],
  ["a hole among inputs", { ...op("neg", []), inputs: new Array(1) }, /node "f": the field inputs/],
  ["controls that are no list", { ...op("neg", ["x:0"]), control: {} }, /node "f": the field control/],
  ["attributes that are a list", { ...op("neg", ["x:0"]), attributes: [] }, /node "f": the field attributes/],
  [
    "attributes that are nothing",
    { ...op("neg", ["x:0"]), attributes: null },
    /node "f": the field attributes is null/,
  ],
  ["a place that is no string", { ...op("neg", ["x:0"]), device: 1 }, /node "f": the field device/],
  [
    "a field that does not exist",
    { ...op("neg", ["x:0"]), attribute: {} },
    /no field "attribute"; did you mean attributes/,
  ],
  ["a name that is not legal", { ...op("neg", ["x:0"]), name: "a b" }, /node "a b": .*not a valid name/],
  ["the name of a scope", { ...op("neg", ["x:0"]), name: "a/" }, /node "a\/": its name is taken/],
  ["a name that is taken", { ...op("neg", ["x:0"]), name: "x" }, /another node has its name/],
  ["an output that does not exist", op("neg", ["x:1"]), /x:1 is no output of x/],
  ["an operation in place of a tensor", op("neg", ["x"]), /x is no output of x/],
  ["too many inputs", op("neg", ["x:0", "x:0"]), /neg: it has 2 inputs, expected 1/],
  ["too few inputs", op("add", ["x:0"]), /add: it has 1 inputs, expected 2/],
  ["a list without elements", op("concat", [], { axis: 0 }), /concat: it has 0 inputs, expected at least 1/],
  ["an attribute that does not exist", op("neg", ["x:0"], { axis: 0 }), /neg: there is no attribute "axis"/],
  ["an attribute of the prototype", op("neg", ["x:0"], JSON.parse('{"__proto__": 1}')), /no attribute "__proto__"/],
  ["a missing attribute", op("sum", ["x:0"], { axes: [0] }), /sum: the attribute keepDims is missing/],
  ["an attribute of another kind", op("sum", ["x:0"], { axes: "x", keepDims: false }), /sum: the attribute axes/],
  ["nested attributes", op("sum", ["x:0"], { axes: [[0]], keepDims: false }), /sum: the attribute axes/],
  ["a dtype that does not exist", op("cast", ["x:0"], { dtype: "float16" }), /cast: the attribute dtype/],
  ["a dtype of the prototype", op("cast", ["x:0"], { dtype: "toString" }), /cast: the attribute dtype/],
  [
    "a negative extent",
    { ...x, name: "f", attributes: { dtype: "float32", shape: [-1] } },
    /placeholder: the attribute shape/,
  ],
  ["a value for what is no constant", { ...op("neg", ["x:0"]), value }, /neg takes no value/],
  ["a constant without value", op("constant", ["x:0"]), /constant needs a value/],
  ["a value that is a list", { ...op("constant", []), value: [] }, /the field value/],
  [
    "a value that is too short",
    { ...op("constant", []), value: { ...value, shape: [2] } },
    /1 values do not fill shape/,
  ],
  ["data that ends within an element", { ...op("constant", []), value: { ...value, data: "AACA" } }, /ends within/],
  ["data that are no base64", { ...op("constant", []), value: { ...value, data: "%" } }, /no base64/],
  ["a value of another dtype", { ...op("constant", []), value: { ...value, dtype: 1 } }, /the field dtype/],
  [
    "a bool that is 7",
    { ...op("constant", []), value: { dtype: "bool", shape: [1], data: "Bw==" } },
    /7 is not a bool/,
  ],
  ["a write to a tensor", op("assign", ["x:0", "x:0"]), /assign: input 0 is written and is no variable/],
  ["a variable written and read at once", op("assign", ["w", "w"]), /input 0 is written and taken a second time/],
];

test.each(forms)("%s", (_, node, message) => {
  expect(withNode(node)).toThrow(InvalidArgumentError);
  expect(withNode(node)).toThrow(message);
});

/* Records of the right form that no wrapper would make. */
const records: [string, object, RegExp][] = [
  ["unequal shapes", op("add", ["x:0", "y:0"]), /add: operands need one shape/],
  ["unequal dtypes", op("add", ["y:0", "n:0"]), /add: operands have dtypes float32, int32/],
  ["a condition of another shape", op("where", ["y:0", "x:0", "x:0"]), /where: dtype float32 is not supported/],
  ["a product that does not fit", op("matMul", ["x:0", "x:0"]), /matMul: columns of a \(3\) and rows of b \(2\)/],
  ["a product of a vector", op("matMul", ["x:0", "y:0"]), /matMul: both operands need at least two axes/],
  ["a permutation beyond", op("transpose", ["x:0"], { perm: [1, 7] }), /transpose: perm \[1, 7\] does not fit/],
  ["a permutation that repeats", op("transpose", ["x:0"], { perm: [0, 0] }), /transpose: perm \[0, 0\]/],
  ["a gather beyond", op("gather", ["x:0", "n:0"], { axis: 5, batchDims: 0, negative: "refuse" }), /gather: axis 5/],
  ["float indices", op("gather", ["x:0", "y:0"], { axis: 0, batchDims: 0, negative: "refuse" }), /indices have dtype/],
  [
    "batches beyond",
    op("gather", ["x:0", "n:0"], { axis: 1, batchDims: 2, negative: "zero" }),
    /gather: with batchDims 2/,
  ],
  ["a concat beyond", op("concat", ["x:0", "x:0"], { axis: 5 }), /concat: axis 5 is out of range/],
  ["a concat of ranks", op("concat", ["x:0", "y:0"], { axis: 0 }), /concat: along axis 0/],
  ["a part of what was not joined", op("concatPart", ["y:0", "x:0"], { axis: 0, part: 0 }), /concatPart/],
  ["a part beyond", op("concatPart", ["x:0", "x:0"], { axis: 0, part: 3 }), /concatPart: part 3 of 1/],
  ["a sum beyond", op("sum", ["x:0"], { axes: [9], keepDims: false }), /sum: axis 9 is out of range/],
  ["axes out of order", op("sum", ["x:0"], { axes: [1, 0], keepDims: false }), /sum: axes \[1, 0\] are not in order/],
  ["a count beyond", op("elementCount", ["x:0"], { axes: [2], dtype: "float32" }), /elementCount: axis 2/],
  ["a softmax beyond", op("softmax", ["x:0"], { axis: 2 }), /softmax: axis 2/],
  ["an argMax beyond", op("argMax", ["x:0"], { axis: 2 }), /argMax: axis 2/],
  ["labels that are floats", op("sparseSoftmaxCrossEntropyWithLogits", ["x:0", "x:0"]), /indices have dtype float32/],
  ["an expandDims beyond", op("expandDims", ["x:0"], { axes: [4] }), /expandDims: axis 4/],
  ["a squeeze beyond", op("squeeze", ["y:0"], { axes: [1] }), /squeeze: axis 1/],
  ["a reshape of another size", op("reshape", ["x:0", "y:0"], { shape: null }), /reshape: cannot give \[2, 3\]/],
  ["a reshape without a shape", op("reshape", ["x:0"], { shape: null }), /reshape: the shape is stated by/],
  ["a reshape to -2", op("reshape", ["x:0"], { shape: [-2, 3] }), /reshape: \[-2, 3\] is not a shape/],
  ["what does not stretch", op("broadcastTo", ["x:0"], { shape: [3, 3] }), /broadcastTo: shapes cannot be broadcast/],
  ["a sum to what was not repeated", op("sumLike", ["x:0", "y:0"]), /sumLike: x is no repetition/],
  [
    "a piece beyond",
    op("slice", ["y:0"], { begin: [2], size: [3], steps: [1] }),
    /slice: the piece does not lie within/,
  ],
  ["a piece of other axes", op("slice", ["x:0"], { begin: [2], size: [3], steps: [1] }), /slice: .* need one entry/],
  ["a place beyond", op("embed", ["y:0"], { begin: [1], shape: [4], steps: [1] }), /embed: the piece does not lie/],
  [
    "segments of other rows",
    op("unsortedSegmentSum", ["x:0", "y:0"], { numSegments: 2, batchDims: 0 }),
    /indices have dtype/,
  ],
  [
    "segments without a number",
    op("unsortedSegmentSum", ["x:0", "n:0"], { numSegments: null, batchDims: 0 }),
    /stated by/,
  ],
  ["rows of another width", op("scatterAdd", ["w", "y:0", "n:0"]), /scatterAdd: values need the rank/],
  ["a value of another shape", op("assign", ["w", "y:0"]), /assign: the value must have the shape/],
  ["a unique of a matrix", op("unique", ["x:0"]), /unique: expected a vector/],
  ["terms of other shapes", op("addN", ["x:0", "y:0"]), /addN: shapes must agree/],
];

test.each(records)("a record with %s", (_, node, message) => {
  expect(withNode(node)).toThrow(InvalidArgumentError);
  expect(withNode(node)).toThrow(message);
});

test("an op that nothing defines stays a NotFoundError, with the node", () => {
  expect(withNode(op("matMool", ["x:0"]))).toThrow(NotFoundError);
  expect(withNode(op("matMool", ["x:0"]))).toThrow(/fromGraphDef: node "f": there is no op named "matMool"/);
});

test.each([
  [null],
  [undefined],
  [7],
  ["{}"],
  [[]],
  [{}],
  [{ format: "gradtape/graph/2", nodes: [] }],
  [{ format: "gradtape/graph/1", nodes: {} }],
  [{ format: "gradtape/graph/1", nodes: [], collections: [] }],
  [{ format: "gradtape/graph/1", nodes: [], collections: { losses: "x" } }],
  [{ format: "gradtape/graph/1", nodes: [], collections: { losses: [1] } }],
  [{ format: "gradtape/graph/1", nodes: [], collections: { losses: ["x:0"] } }],
  [{ format: "gradtape/graph/1", nodes: [x], collections: { losses: ["x:1"] } }],
  [{ format: "gradtape/graph/1", nodes: new Array(3) }],
])("what is no definition: %j", (def) => {
  expect(() => g.fromGraphDef(def as never)).toThrow(InvalidArgumentError);
});

test("collections read back hold what they held, and nothing that joined by itself", () => {
  const graph = new g.Graph();
  graph.asDefault(() => new g.Variable(1, { name: "w", collections: [], trainable: false }));
  expect(g.fromGraphDef(g.toGraphDef(graph)).getAllCollectionKeys()).toEqual([]);
});

test("later changes of a definition do not reach the graph", () => {
  const def = { format: "gradtape/graph/1", nodes: [x, op("sum", ["x:0"], { axes: [0], keepDims: false })] };
  const graph = g.fromGraphDef(def as never);
  (def.nodes[1]!.attributes as { axes: number[] }).axes[0] = 9;
  g.verify(graph);
});

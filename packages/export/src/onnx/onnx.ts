import { create, toBinary } from "@bufbuild/protobuf";
import type { Tensor } from "@gradtape/tensor";
import { defineFunction } from "@gradtape/tensor";
import type { ArrayValue } from "../arrays/language.ts";
import { argumentName, refusal, translate } from "../arrays/translate.ts";
import { type Exporter, exportTo, type Handover } from "../exporter.ts";
import { type Port, port, type Signature, statePort } from "../signature.ts";
import { handoverKind, weightsKind } from "../signatures.ts";
import { dataTypes } from "./nodes.ts";
import { OnnxProgram } from "./program.ts";
import { ModelSchema, type ValueInfoInit } from "./schema.ts";

export interface OnnxOptions {
  /** Values of variables by name. What the program does not change is then part of the model, instead of an input. */
  readonly weights?: Readonly<Record<string, Tensor>>;
}

/** An ONNX model, and what it takes and gives. */
export interface Onnx {
  /** The file: a ModelProto of opset 17. Its metadata hold the signature as JSON, under `gradtape.signature`. */
  readonly bytes: Uint8Array;
  readonly signature: Signature;
}

const target = "ONNX";
// The IR that came with opset 17.
const VERSIONS = { ir: 8n, opset: 17n };

/** What a variable is called when it comes out. */
export const next = (name: string) => `${name}:next`;

const onnx: Exporter<OnnxOptions, Onnx> = {
  target,
  refusal,
  write(program, { weights = {} }) {
    const { language, states, inputs, outputs } = translate(program, () => new OnnxProgram(), { target, weights });
    for (const { name, after } of states) language.nodes.rename(after.name, next(name));
    for (const { tensor, value } of outputs) language.nodes.rename(value.name, tensor.name);
    const signature: Signature = {
      state: states.map(({ name, state }) => statePort(name, state)),
      inputs: inputs.map(({ tensor, value }) => portOf(language, argumentName(tensor), value)),
      outputs: outputs.map(({ tensor, value }) => portOf(language, tensor.name, value)),
    };
    const results = [
      ...states.map(({ name, after }) => ({ ...after, name: next(name) })),
      ...outputs.map(({ tensor, value }) => ({ ...value, name: tensor.name })),
    ];
    const given = [...states.map(({ before }) => before), ...inputs.map(({ value }) => value)];
    const model = create(ModelSchema, {
      irVersion: VERSIONS.ir,
      producerName: "gradtape",
      opsetImport: [{ domain: "", version: VERSIONS.opset }],
      metadataProps: [{ key: "gradtape.signature", value: JSON.stringify(signature) }],
      graph: {
        name: "main",
        ...language.nodes.finish(results.map(({ name }) => name)),
        input: given.map((value) => valueInfo(language, value)),
        output: results.map((value) => valueInfo(language, value)),
      },
    });
    return { bytes: toBinary(ModelSchema, model), signature };
  },
};

/**
 * The part of a graph that a handover names as an ONNX model: variables and inputs go in, variables (`name:next`) and
 * outputs come out. Extents that are left open stay so.
 *
 * Throws what `exportTo` throws; a NotImplementedError that names the operation and the line that built it for what has
 * no counterpart in opset 17.
 */
export const writeOnnx = defineFunction(
  "writeOnnx",
  { handover: handoverKind },
  { weights: weightsKind },
  (handover: Handover, options: OnnxOptions = {}): Onnx => exportTo(onnx, handover, options),
);

function portOf(language: OnnxProgram, name: string, { dtype, shape }: ArrayValue): Port {
  return port(name, { dtype, shape: shape.map((extent) => (language.open.isOpen(extent) ? null : extent)) });
}

function valueInfo({ open }: OnnxProgram, { name, dtype, shape }: ArrayValue): ValueInfoInit {
  const dim = shape.map(
    (extent): { value: { case: "dimValue"; value: bigint } | { case: "dimParam"; value: string } } => ({
      value: open.isOpen(extent)
        ? { case: "dimParam", value: open.get(extent)?.name ?? "open" }
        : { case: "dimValue", value: BigInt(extent) },
    }),
  );
  return { name, type: { value: { case: "tensorType", value: { elemType: dataTypes[dtype], shape: { dim } } } } };
}

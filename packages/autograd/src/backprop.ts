import { aggregate, type Cotangent, gradientRule, IndexedSlices, type Input, type OpRecord } from "@gradtape/graph";
import { isFloating, type Tensor, ValueError } from "@gradtape/tensor";

/**
 * The cotangents of `sources`, given those of `targets`: one walk backwards over what was recorded, in which every op
 * is asked for the derivative of each input that leads to a source. It knows no op.
 *
 * The rules are calls of ops themselves, so whoever listens can differentiate the result again.
 */
export function backprop(
  records: readonly OpRecord[],
  targets: readonly Input[],
  seeds: readonly Cotangent[],
  sources: readonly Input[],
): (Cotangent | null)[] {
  const wanted = new Set(sources);
  const leads = leadingFrom(records, sources);
  const terms = new Map<Input, Cotangent[]>();
  const arrive = (at: Input, cotangent: Cotangent) => {
    const list = terms.get(at);
    if (list === undefined) terms.set(at, [cotangent]);
    else list.push(cotangent);
  };
  const total = (at: Input): Cotangent | null => {
    const list = terms.get(at);
    if (list === undefined) return null;
    const sum = aggregate(list);
    terms.set(at, [sum]);
    return sum;
  };

  targets.forEach((target, i) => {
    if (leads.has(target)) arrive(target, seeds[i]!);
  });
  for (let i = records.length - 1; i >= 0; i--) {
    const record = records[i]!;
    if (!record.outputs.some((output) => terms.has(output))) continue;
    const cotangents = record.outputs.map(total);
    for (const [input, cotangent] of inputCotangents(record, cotangents, leads)) arrive(input, cotangent);
    for (const output of record.outputs) if (!wanted.has(output)) terms.delete(output);
  }
  return sources.map(total);
}

/** All that is computed from `sources`, they included, through floating-point values. */
function leadingFrom(records: readonly OpRecord[], sources: readonly Input[]): Set<Input> {
  const leads = new Set(sources.filter(({ dtype }) => isFloating(dtype)));
  for (const { inputs, outputs } of records) {
    if (!inputs.some((input) => leads.has(input))) continue;
    for (const output of outputs) if (isFloating(output.dtype)) leads.add(output);
  }
  return leads;
}

function inputCotangents(
  record: OpRecord,
  cotangents: readonly (Cotangent | null)[],
  leads: ReadonlySet<Input>,
): [Input, Cotangent][] {
  const { def, inputs } = record;
  const given = def.sparse ? cotangents : cotangents.map((g) => (g instanceof IndexedSlices ? g.toTensor() : g));
  const gs = given as (Tensor | null)[];
  return inputs.flatMap((input, i): [Input, Cotangent][] => {
    const rule = leads.has(input) ? gradientRule(def, i) : null;
    const cotangent = rule?.(gs[0]!, record, gs);
    if (!cotangent) return [];
    checkCotangent(record, i, cotangent);
    return [[input, cotangent]];
  });
}

function checkCotangent({ def, inputs }: OpRecord, i: number, cotangent: Cotangent): void {
  const expected = inputs[i]!.shape;
  const { shape } = cotangent;
  if (
    shape === null ||
    (shape.length === expected.length && shape.every((extent, axis) => extent === expected[axis]))
  ) {
    return;
  }
  throw new ValueError(
    `${def.name}: the gradient rule of input ${i} gave shape [${shape.join(", ")}], the input has [${expected.join(", ")}]`,
  );
}

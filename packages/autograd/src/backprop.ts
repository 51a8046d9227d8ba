import {
  aggregate,
  type Cotangent,
  type CotangentSum,
  type Derivative,
  densify,
  differentiating,
  gradientRule,
  IndexedSlices,
  type Input,
  Operation,
  type OpRecord,
  recorders,
} from "@gradtape/graph";
import {
  compatible,
  isFloating,
  LookupError,
  shapeMessage,
  type Tensor,
  ValueError,
  wrongAxis,
} from "@gradtape/tensor";

/** What a graph wants done on the way back; a tape needs none of it. */
export interface Detours {
  /** Where the walk ends: what these are made from is taken as constant. */
  readonly stop?: ReadonlySet<Input>;
  /** Adds the terms that arrived at `at`, also when there is only one. */
  aggregate?(terms: readonly Cotangent[], at: Input): Cotangent;
  /** Runs the rules of one op, in scopes of its own. */
  around?<T>(record: OpRecord, body: () => T): T;
  /** What one op hands on, before anyone uses it. */
  gate?(cotangents: readonly (Cotangent | null)[]): readonly (Cotangent | null)[];
}

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
  detours: Detours = {},
): (Cotangent | null)[] {
  const { aggregate: addUp = (list) => aggregate(list) } = detours;
  const wanted = new Set(sources);
  const leads = leadingFrom(records, sources);
  const terms = new Map<Input, Cotangent[]>();
  const story = recorders.some(({ onWalk }) => onWalk !== undefined) ? new Story() : null;
  const arrive = (at: Input, cotangent: Cotangent) => {
    const list = terms.get(at);
    if (list === undefined) terms.set(at, [cotangent]);
    else list.push(cotangent);
  };
  const total = (at: Input): Cotangent | null => {
    const list = terms.get(at);
    if (list === undefined) return null;
    const sum = addUp(list, at);
    terms.set(at, [sum]);
    story?.sums.push({ at, terms: list, total: sum });
    return sum;
  };

  targets.forEach((target, i) => {
    if (leads.has(target)) arrive(target, seeds[i]!);
  });
  for (let i = records.length - 1; i >= 0; i--) {
    const record = records[i]!;
    if (!record.outputs.some((output) => terms.has(output))) continue;
    const cotangents = record.outputs.map(total);
    if (!record.outputs.some((output) => detours.stop?.has(output))) {
      const found = inputCotangents(record, cotangents, leads, detours);
      if (found.length > 0) story?.derivatives.push({ record, arrived: cotangents, given: found });
      found.forEach((cotangent, k) => {
        if (cotangent !== null) arrive(record.inputs[k]!, cotangent);
      });
    }
    for (const output of record.outputs) if (!wanted.has(output)) terms.delete(output);
  }
  const gradients = sources.map(total);
  if (story !== null) for (const recorder of recorders) recorder.onWalk?.({ targets, sources, ...story });
  return gradients;
}

/** What a walk did, kept only for those who want to hear of it: nothing else holds on to cotangents. */
class Story {
  readonly derivatives: Derivative[] = [];
  readonly sums: CotangentSum[] = [];
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

/** The cotangent of each input of `record`, `null` where none flows. */
function inputCotangents(
  record: OpRecord,
  cotangents: readonly (Cotangent | null)[],
  leads: ReadonlySet<Input>,
  { around = (_, body) => body(), gate }: Detours,
): readonly (Cotangent | null)[] {
  const { def, inputs } = record;
  if (!inputs.some((input) => leads.has(input))) return [];
  const body = () => {
    const given = def.sparse ? cotangents : cotangents.map((g) => g && densify(g));
    const gs = given as (Tensor | null)[];
    const found = inputs.map((input, i) => {
      const rule = leads.has(input) ? gradientRule(def, i) : null;
      if (rule === undefined) throw noGradient(record);
      const cotangent = rule === null ? null : rule(gs[0]!, record, gs);
      if (cotangent) checkCotangent(record, i, cotangent);
      return cotangent;
    });
    return gate === undefined ? found : gate(found);
  };
  return around(record, () => differentiating(record, body));
}

/** The name of the operation behind a space, where the record is one. */
function quotedName(record: object): string {
  return "name" in record ? ` '${String(record.name)}'` : "";
}

function noGradient(record: OpRecord): LookupError {
  const line = record instanceof Operation && record.location !== null ? `, built at ${record.location}` : "";
  return new LookupError(
    `no gradient is defined for the operation${quotedName(record)} (op type: ${record.def.name})${line}; stop it with stopGradient`,
  );
}

function checkCotangent({ def, inputs, ...record }: OpRecord, i: number, cotangent: Cotangent): void {
  const expected = inputs[i]!.spec.shape;
  const shape = cotangent instanceof IndexedSlices ? cotangent.shape : cotangent.spec.shape;
  if (shape === null || compatible(shape, expected)) return;
  throw new ValueError(
    shapeMessage(
      `${def.name}${quotedName(record)}`,
      `the gradient rule of input ${i} gave another shape than the input has`,
      [
        { name: "input", shape: expected },
        { name: "gradient", shape, wrong: wrongAxis(shape, expected) },
      ],
    ),
  );
}

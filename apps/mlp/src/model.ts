import * as gt from "gradtape";

/** A function with weights: inputs to the logits of the classes. */
export interface Model {
  /** The trainable weights by name, in the order of the layers. */
  readonly weights: ReadonlyMap<string, gt.Variable>;
  logits(inputs: gt.Tensor): gt.Tensor;
}

interface Dense {
  readonly kernel: gt.Variable;
  readonly bias: gt.Variable;
}

// He's scale for layers before a relu, Glorot's for the others: the spread of the activations stays about 1.
function makeDense(name: string, inputs: number, units: number, stddev: number, random: gt.Generator): Dense {
  return {
    kernel: new gt.Variable(random.normal([inputs, units], { mean: 0, stddev }), { name: `${name}/kernel` }),
    bias: new gt.Variable(gt.zeros([units]), { name: `${name}/bias` }),
  };
}

function applyDense(layer: Dense, inputs: gt.Tensor): gt.Tensor {
  return gt.add(gt.matMul(inputs, layer.kernel), layer.bias);
}

function nameWeights(layers: readonly Dense[], others: readonly gt.Variable[] = []): ReadonlyMap<string, gt.Variable> {
  const variables = [...others, ...layers.flatMap(({ kernel, bias }) => [kernel, bias])];
  // The library names variables `a/b:0`; in a weights file the plain name reads better.
  return new Map(variables.map((variable) => [variable.name.replace(/:\d+$/, ""), variable]));
}

/** A multilayer perceptron with relu between its layers: `sizes` are inputs, hidden units, classes. */
export function makePerceptron(sizes: readonly number[], random: gt.Generator): Model {
  const layers = sizes.slice(1).map((units, i) => {
    const inputs = sizes[i]!;
    const last = i === sizes.length - 2;
    const stddev = Math.sqrt(2 / (last ? inputs + units : inputs));
    return makeDense(`dense${i + 1}`, inputs, units, stddev, random);
  });
  return {
    weights: nameWeights(layers),
    logits(inputs) {
      const [first, ...rest] = layers as [Dense, ...Dense[]];
      return rest.reduce((activations, layer) => applyDense(layer, gt.relu(activations)), applyDense(first, inputs));
    },
  };
}

/** Extents of a character model. */
export interface CharacterExtents {
  readonly tokens: number;
  /** How many characters the model sees. */
  readonly context: number;
  /** Numbers that stand for one character. */
  readonly embedding: number;
  readonly hidden: number;
}

/** The next character from the last ones: their embeddings side by side, one tanh layer, logits over all tokens. */
export function makeCharacterModel(extents: CharacterExtents, random: gt.Generator): Model {
  const { tokens, context, embedding, hidden } = extents;
  const width = context * embedding;
  const table = new gt.Variable(random.normal([tokens, embedding], { mean: 0, stddev: 0.5 }), { name: "embedding" });
  const first = makeDense("dense1", width, hidden, Math.sqrt(2 / (width + hidden)), random);
  const second = makeDense("dense2", hidden, tokens, Math.sqrt(2 / (hidden + tokens)), random);
  return {
    weights: nameWeights([first, second], [table]),
    logits(contexts) {
      // The gradient of `gather` is an IndexedSlices: only the rows of the characters in the batch are updated.
      const letters = gt.reshape(gt.gather(table, contexts), [-1, width]);
      return applyDense(second, gt.tanh(applyDense(first, letters)));
    },
  };
}

/** How many numbers a model learns. */
export function weightCount({ weights }: Pick<Model, "weights">): number {
  return [...weights.values()].reduce((sum, weight) => sum + weight.size, 0);
}

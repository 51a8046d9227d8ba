import { defineFunction, instance, sameShape, ValueError } from "@gradtape/tensor";
import { Graph } from "./graph.ts";
import { legalSpecs } from "./legal.ts";
import { type Operation, SymbolicTensor } from "./operation.ts";
import { dependencies } from "./schedule.ts";

/**
 * What a legal graph is. Throws a ValueError that names the operation and the rule it breaks:
 *
 * - names are unique, and an operation belongs to the graph that lists it;
 * - inputs come from the same graph, and are outputs of operations it lists;
 * - what an operation waits for comes before it, so there is no circle;
 * - it is a legal record of its op, and the shape rule returns the specs of its outputs.
 */
export const verify = defineFunction("verify", { graph: instance("a graph", Graph) }, undefined, checkGraph);

function checkGraph(graph: Graph): void {
  const operations = graph.getOperations();
  const before = new Set<Operation>();
  for (const operation of operations) {
    const fail = (rule: string) => new ValueError(`verify: ${operation.name} (${operation.type}): ${rule}`);
    if (operation.graph !== graph) throw fail("it belongs to another graph");
    if (graph.getOperationByName(operation.name) !== operation) throw fail("another operation has its name");
    for (const needed of dependencies(operation)) {
      if (needed.graph !== graph) throw fail(`it needs ${needed.name} of another graph`);
      if (!before.has(needed)) throw fail(`it needs ${needed.name}, which does not come before it`);
    }
    for (const input of operation.inputs) {
      if (input instanceof SymbolicTensor && input.op.outputs[input.index] !== input)
        throw fail(`${input.name} is no output`);
    }
    checkShapes(operation, fail);
    before.add(operation);
  }
}

function checkShapes(operation: Operation, fail: (rule: string) => ValueError): void {
  const { def, inputs, attributes, outputs } = operation;
  const specs = legalSpecs(def, inputs, attributes);
  if (specs.length !== outputs.length) throw fail(`it has ${outputs.length} outputs, its rule gives ${specs.length}`);
  for (const [i, { shape, dtype }] of specs.entries()) {
    const { spec } = outputs[i]!;
    // An extent that the rule leaves open got a name when the tensor was made.
    const named = shape.map((extent, axis) => extent ?? spec.shape[axis]!);
    if (dtype !== spec.dtype || !sameShape(named, spec.shape))
      throw fail(`output ${i} is not what its shape rule gives`);
  }
}

import { broadcasted, rowMajor } from "../layout.ts";
import { sizeOf } from "../shape.ts";
import type { EagerTensor } from "../tensor.ts";
import { checkIndices } from "./indexing.ts";
import type { Kernel } from "./kernel.ts";
import { runLoops } from "./loops.ts";
import type { Program } from "./program.ts";

/*
 * Updates write in place: output `i` of the program is the new value of input `i`. The leading inputs, one per output,
 * are the states; the others are repeated to their shape.
 */

/** Updates every element of the states. The program that is run may differ from the written one in subnormal numbers. */
export function update(program: Program, runs = program): Kernel {
  return {
    form: { kind: "update", program, runs },
    run(inputs) {
      const { shape } = inputs[0]!;
      const places = inputs.map(({ buffer, layout }) => ({ buffer, layout: broadcasted(layout, shape) }));
      runLoops(runs, [], shape, [...places, ...inputs.slice(0, program.outputs.length)]);
      return [];
    },
  };
}

/**
 * Updates the rows of the states that the last input (int32 `[n]`) names, in that order; the input before it holds a
 * row for each. Nothing is written when an index is out of range.
 */
export function updateRows(op: string, program: Program, runs = program): Kernel {
  return {
    form: { kind: "updateRows", op, program, runs },
    run(inputs) {
      const count = program.outputs.length;
      const indices = inputs[inputs.length - 1]!;
      const operands = inputs.slice(0, -1);
      const values = operands[operands.length - 1]!;
      const row = inputs[0]!.shape.slice(1);
      const width = sizeOf(row);
      checkIndices(op, indices, inputs[0]!.shape[0]!);
      const rowPlace = ({ buffer, layout }: EagerTensor, index: number) => ({
        buffer,
        layout: rowMajor([width], layout.offset + index * width),
      });
      const fixed = operands
        .slice(count, -1)
        .map(({ buffer, layout }) => ({ buffer, layout: broadcasted(layout, [width]) }));
      const rowsOf = { ...values, buffer: values.elements, layout: rowMajor(values.shape) } as EagerTensor;
      indices.elements.forEach((index, i) => {
        const states = operands.slice(0, count).map((state) => rowPlace(state, index));
        runLoops(runs, [], [width], [...states, ...fixed, rowPlace(rowsOf, i), ...states]);
      });
      return [];
    },
  };
}

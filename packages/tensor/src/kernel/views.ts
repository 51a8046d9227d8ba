import type { Layout } from "../layout.ts";
import type { Shape } from "../shape.ts";
import { compact, copyInto, EagerTensor, emptyTensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

/**
 * The same elements seen through another layout; nothing is copied. Where `arrange` answers `null` the elements are
 * compacted first and arranged again.
 */
export function view(arrange: (layout: Layout, shape: Shape) => Layout | null): Kernel {
  return {
    form: { kind: "view", arrange },
    run([source], [spec]) {
      const shape = spec!.shape as Shape;
      const direct = arrange(source!.layout, shape);
      if (direct !== null) return [new EagerTensor(source!.dtype, direct, source!.buffer)];
      const { dtype, layout, buffer } = compact(source!);
      return [new EagerTensor(dtype, arrange(layout, shape)!, buffer)];
    },
  };
}

/** A new tensor filled with zeros, into which input `i` is copied at the region `place(layout, i)`. */
export function assemble(place: (layout: Layout, input: number) => Layout): Kernel {
  return {
    form: { kind: "assemble", place },
    run(inputs, [spec]) {
      const result = emptyTensor(spec!.dtype, spec!.shape as Shape);
      inputs.forEach((source, i) => {
        copyInto(result.buffer, place(result.layout, i), source);
      });
      return [result];
    },
  };
}

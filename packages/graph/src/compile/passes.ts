import { shareCommon } from "./cse.ts";
import { fuse, type Kernel } from "./fuse.ts";
import { inline } from "./inline.ts";
import { lower } from "./lower.ts";
import type { Node } from "./node.ts";
import { order } from "./order.ts";
import type { Lowered, Request } from "./request.ts";

/** The passes from operations to kernels. `check`, where given, hears of the nodes after each. */
export function kernelsOf(
  request: Request,
  check?: (pass: string, nodes: readonly Node[], lowered: Lowered) => void,
): { readonly kernels: Kernel[]; readonly lowered: Lowered } {
  const raw = lower(request);
  check?.("lowering", raw.nodes, raw);
  const lowered = shareCommon(raw);
  check?.("sharing", lowered.nodes, lowered);
  const inlined = inline(lowered);
  check?.("inlining", inlined, lowered);
  const nodes = order({ nodes: inlined, fetched: lowered.fetched });
  check?.("ordering", nodes, lowered);
  return { kernels: fuse({ nodes, fetched: lowered.fetched }), lowered };
}

import type { OpDef } from "@gradtape/graph";
import { adadeltaRules } from "./adadelta.ts";
import { adagradRules } from "./adagrad.ts";
import { adamRules } from "./adam.ts";
import { ftrlRules } from "./ftrl.ts";
import { gradientDescentRules } from "./gradient-descent.ts";
import { kerasRules } from "./keras-rmsprop.ts";
import { momentumRules } from "./momentum.ts";
import { rmspropRules } from "./rmsprop.ts";

/** The ops of all update rules, for readers of graphs that contain them. */
export const updateOps: readonly OpDef[] = [
  ...[adadeltaRules, adagradRules, adamRules, ftrlRules],
  ...[gradientDescentRules, kerasRules, momentumRules, rmspropRules],
].flatMap((rules) => rules.flatMap(({ applyDense, applySparse }) => [applyDense, applySparse]));

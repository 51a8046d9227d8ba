import * as gt from "gradtape";
import { constructorArguments, type OptimizerSettings } from "../model/optimizers.ts";

type Numbers = readonly number[];
type Options = Record<string, never>;

const makers: Readonly<Record<string, (values: Numbers, options: Options) => gt.Optimizer>> = {
  rmsprop: ([rate], options) => new gt.RMSPropOptimizer(rate!, options),
  sgd: ([rate], options) => new gt.GradientDescentOptimizer(rate!, options),
  momentum: ([rate, momentum], options) => new gt.MomentumOptimizer(rate!, momentum!, options),
  adam: ([rate], options) => new gt.AdamOptimizer(rate!, options),
  adagrad: ([rate], options) => new gt.AdagradOptimizer(rate!, options),
  adadelta: ([rate], options) => new gt.AdadeltaOptimizer(rate!, options),
  ftrl: ([rate], options) => new gt.FtrlOptimizer(rate!, options),
  keras: (_, options) => new gt.RMSprop(options),
  legacy: (_, options) => new gt.LegacyRMSprop(options),
};

/** The optimizer of the library that the settings describe. */
export function makeOptimizer(settings: OptimizerSettings): gt.Optimizer {
  const { positional, options } = constructorArguments(settings);
  return makers[settings.kind]!(positional, options as Options);
}

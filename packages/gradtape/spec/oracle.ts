/* RMSProp on one element in plain numbers, as written in the specification. */

/** Rounds the result of each elementary operation: `Math.fround` for float32. */
export type Round = (x: number) => number;
export const exact: Round = (x) => x;

export interface Element {
  readonly v: number;
  readonly rms: number;
  readonly mg: number;
  readonly momentum: number;
}

export interface Hypers {
  readonly rate: number;
  readonly decay: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;
}

export const start = (v: number): Element => ({ v, rms: 1, mg: 0, momentum: 0 });

/** Hyper-parameters given as plain numbers: they pass through float32. */
export function throughFloat32(h: Hypers): Hypers {
  const [rate, decay, momentum, epsilon] = [h.rate, h.decay, h.momentum, h.epsilon].map(Math.fround);
  return { rate: rate!, decay: decay!, momentum: momentum!, epsilon: epsilon!, centered: h.centered };
}

/** The step of a dense gradient. */
export function denseStep(at: Element, g: number, h: Hypers, r: Round): Element {
  const c = r(1 - h.decay);
  const rms = r(at.rms + r(r(r(g * g) - at.rms) * c));
  const mg = h.centered ? r(at.mg + r(r(g - at.mg) * c)) : 0;
  const den = h.centered ? r(r(rms - r(mg * mg)) + h.epsilon) : r(rms + h.epsilon);
  const step = r(r(g * h.rate) / r(Math.sqrt(den)));
  return moved(at, rms, mg, r(r(at.momentum * h.momentum) + step), r);
}

/** The step of a row that a sparse gradient names. */
export function sparseStep(at: Element, g: number, h: Hypers, r: Round): Element {
  const c = r(1 - h.decay);
  const rms = r(r(at.rms * h.decay) + r(r(g * g) * c));
  const mg = h.centered ? r(r(at.mg * h.decay) + r(g * c)) : 0;
  const den = h.centered ? r(r(rms + h.epsilon) - r(mg * mg)) : r(rms + h.epsilon);
  const step = r(r(r(1 / r(Math.sqrt(den))) * h.rate) * g);
  return moved(at, rms, mg, r(r(at.momentum * h.momentum) + step), r);
}

function moved(at: Element, rms: number, mg: number, momentum: number, r: Round): Element {
  return { v: r(at.v - momentum), rms, mg, momentum };
}

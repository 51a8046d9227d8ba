import { type Signal, signal } from "@preact/signals";

/** A hidden neuron by its layer and place. */
export interface NeuronPlace {
  readonly layer: number;
  readonly unit: number;
}

/** The hidden neuron that is looked at. */
export const watched: Signal<NeuronPlace | null> = signal(null);

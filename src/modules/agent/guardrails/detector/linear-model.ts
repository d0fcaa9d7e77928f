import type { Features } from './features.js';

/** One logistic regression. */
export interface LinearModel {
  readonly weights: Float32Array;
  readonly bias: number;
}

/** The log-odds that this is an attack; 0 is where a text becomes suspicious. */
export function logOdds(model: LinearModel, { indices, values }: Features): number {
  let sum = model.bias;
  for (let at = 0; at < indices.length; at += 1) sum += model.weights[indices[at]!]! * values[at]!;
  return sum;
}

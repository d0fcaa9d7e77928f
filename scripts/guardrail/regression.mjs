import { randomOf, shuffled } from './random.mjs';

/**
 * Logistic regression by AdaGrad over sparse examples `{indices, values, label, weight}`. Deterministic for a seed.
 * `l2` pulls weights to zero as they are touched.
 */
export function trainRegression(
  examples,
  dimensions,
  { epochs = 12, rate = 0.25, l2 = 2e-5, seed = 7 } = {},
) {
  const weights = new Float64Array(dimensions);
  const squares = new Float64Array(dimensions).fill(1e-2);
  let bias = 0;
  let biasSquares = 1e-2;
  const random = randomOf(seed);
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    for (const example of shuffled(examples, random)) {
      const { indices, values, label, weight } = example;
      let sum = bias;
      for (let at = 0; at < indices.length; at += 1) sum += weights[indices[at]] * values[at];
      const error = (1 / (1 + Math.exp(-sum)) - label) * weight;
      for (let at = 0; at < indices.length; at += 1) {
        const index = indices[at];
        const gradient = error * values[at] + l2 * weights[index];
        squares[index] += gradient * gradient;
        weights[index] -= (rate * gradient) / Math.sqrt(squares[index]);
      }
      biasSquares += error * error;
      bias -= (rate * error) / Math.sqrt(biasSquares);
    }
  }
  return { weights, bias };
}

export function decide({ weights, bias }, { indices, values }) {
  let sum = bias;
  for (let at = 0; at < indices.length; at += 1) sum += weights[indices[at]] * values[at];
  return sum;
}

/** The vector in the same direction with the length 1. What has no direction stays as it is. */
export function toUnitLength(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const value of vector) sum += value * value;
  if (sum === 0 || !Number.isFinite(sum)) return vector.fill(0);
  const length = Math.sqrt(sum);
  return vector.map((value) => value / length);
}

/** Bits of a signature, whatever the vector's length. */
const SIGNATURE_BITS = 256;

/**
 * A vector in short: a bit for the side of each of 256 planes that it lies on, as PostgreSQL writes a bit string. The planes
 * are random and always the same. The more bits two signatures share, the smaller the angle between their vectors.
 */
export function toSignature(vector: Float32Array): string {
  let bits = '';
  for (let bit = 0; bit < SIGNATURE_BITS; bit += 1) bits += sideOf(vector, bit) > 0 ? '1' : '0';
  return bits;
}

/** Each number is added or taken away, by a bit of a xorshift sequence that begins with the plane's number. */
function sideOf(vector: Float32Array, plane: number): number {
  let state = Math.imul(plane + 1, 0x9e3779b1) | 1;
  let side = 0;
  for (const value of vector) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    side += state & 0x10000 ? value : -value;
  }
  return side;
}

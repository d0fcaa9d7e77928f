import { DIMENSIONS } from './features.js';
import type { LinearModel } from './linear-model.js';

/** Who wrote a text: the caller, or somebody whose text a tool brought. */
export type Origin = 'user' | 'tool';

/** A regression for each origin: among the texts of strangers every request to the reader is strange. */
export type GuardrailModel = Readonly<Record<Origin, LinearModel>>;

const MAGIC = 0x50474431;
const HEADER_BYTES = 8;
const HEAD_BYTES = 8 + DIMENSIONS;
const ORIGINS = ['user', 'tool'] as const;

/**
 * The file: a magic number and the number of dimensions; then per head the largest weight and the bias (float32), and a byte
 * per weight, the signed square root of its share of the largest. Little-endian. Throws when it is of another version.
 */
export function decodeModel(file: Uint8Array): GuardrailModel {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (
    file.byteLength !== HEADER_BYTES + ORIGINS.length * HEAD_BYTES ||
    view.getUint32(0, true) !== MAGIC ||
    view.getUint32(4, true) !== DIMENSIONS
  ) {
    throw new Error('The model of the guardrail is not of this version: npm run guardrail:train');
  }
  const heads = ORIGINS.map((origin, index) => {
    const start = HEADER_BYTES + index * HEAD_BYTES;
    const largest = view.getFloat32(start, true);
    const weights = new Float32Array(DIMENSIONS);
    for (let at = 0; at < DIMENSIONS; at += 1) {
      const root = view.getInt8(start + 8 + at) / 127;
      weights[at] = largest * root * Math.abs(root);
    }
    return [origin, { weights, bias: view.getFloat32(start + 4, true) }] as const;
  });
  return Object.fromEntries(heads) as unknown as GuardrailModel;
}

/** The same, the other way round. */
export function encodeModel(
  model: Readonly<Record<Origin, { weights: ArrayLike<number>; bias: number }>>,
): Uint8Array {
  const file = new Uint8Array(HEADER_BYTES + ORIGINS.length * HEAD_BYTES);
  const view = new DataView(file.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, DIMENSIONS, true);
  ORIGINS.forEach((origin, index) => {
    const { weights, bias } = model[origin];
    const start = HEADER_BYTES + index * HEAD_BYTES;
    let largest = 1e-9;
    for (let at = 0; at < DIMENSIONS; at += 1) largest = Math.max(largest, Math.abs(weights[at]!));
    view.setFloat32(start, largest, true);
    view.setFloat32(start + 4, bias, true);
    for (let at = 0; at < DIMENSIONS; at += 1) {
      const share = weights[at]! / largest;
      view.setInt8(start + 8 + at, Math.round(Math.sign(share) * Math.sqrt(Math.abs(share)) * 127));
    }
  });
  return file;
}

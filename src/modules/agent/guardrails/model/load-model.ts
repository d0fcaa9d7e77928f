import { readFileSync } from 'node:fs';
import { decodeModel, type GuardrailModel } from '../detector/guardrail-model.js';

export const GUARDRAIL_MODEL = Symbol('GUARDRAIL_MODEL');

/** The model that `npm run guardrail:train` has written beside this file; docs/guardrail-model.md is its card. */
export function loadModel(): GuardrailModel {
  return decodeModel(readFileSync(new URL('./guardrail-model.bin', import.meta.url)));
}

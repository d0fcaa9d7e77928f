import type { ModelInfo } from '../../providers/index.js';
import type { RememberedFact } from '../../conversation/index.js';
import { messageTokens } from './count-messages.js';

/** All facts together may take so many tokens of a request. */
const MAX_TOKENS = 2_000;

/** A fact as the model is told. */
export type FactForModel = { readonly fact_id: string; readonly fact: string; readonly is_unverified?: true };

/** The newest, as many as have a place. */
export function factsForModel(newestFirst: readonly RememberedFact[], model: ModelInfo): FactForModel[] {
  const told: FactForModel[] = [];
  let tokens = 0;
  for (const { id, text, isTainted } of newestFirst) {
    const fact: FactForModel = { fact_id: id, fact: text, ...(isTainted ? { is_unverified: true } : {}) };
    const parts = [{ type: 'text' as const, text: JSON.stringify(fact) }];
    tokens += messageTokens({ role: 'user', parts }, model);
    if (tokens > MAX_TOKENS) break;
    told.push(fact);
  }
  return told;
}

import type { Usage } from '../../../shared/llm/usage.js';

/** A vendor's figures in our meaning: the totals include cache and reasoning. */
export interface ReportedTokens {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly cacheRead?: number | undefined;
  readonly cacheWrite?: number | undefined;
  readonly reasoning?: number | undefined;
}

/** `undefined` when the vendor reported nothing, or zeros only: then somebody has to count. */
export function measuredUsage(tokens: ReportedTokens): Usage | undefined {
  if (!tokens.input && !tokens.output) return undefined;
  return {
    inputTokens: {
      total: tokens.input ?? 0,
      ...(tokens.cacheRead === undefined ? {} : { cacheRead: tokens.cacheRead }),
      ...(tokens.cacheWrite === undefined ? {} : { cacheWrite: tokens.cacheWrite }),
    },
    outputTokens: {
      total: tokens.output ?? 0,
      ...(tokens.reasoning === undefined ? {} : { reasoning: tokens.reasoning }),
    },
    source: 'measured',
  };
}

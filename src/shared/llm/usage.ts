/**
 * Tokens of one model call, or the sum over several.
 *
 * `inputTokens.total` is everything the model read: uncached + cache read + cache write. `outputTokens.total` is
 * everything it wrote, reasoning included. `undefined` means that the vendor did not report the figure; it is never
 * replaced by 0.
 */
export interface Usage {
  readonly inputTokens: {
    readonly total: number;
    readonly cacheRead?: number;
    readonly cacheWrite?: number;
  };
  readonly outputTokens: {
    readonly total: number;
    readonly reasoning?: number;
  };
  /** `measured`: the vendor's own figures. `estimated`: counted by us because the vendor's were missing. */
  readonly source: 'measured' | 'estimated';
}

export const NO_USAGE: Usage = { inputTokens: { total: 0 }, outputTokens: { total: 0 }, source: 'measured' };

/** A sum is measured only when both sides are. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    inputTokens: {
      total: a.inputTokens.total + b.inputTokens.total,
      cacheRead: addReported(a.inputTokens.cacheRead, b.inputTokens.cacheRead),
      cacheWrite: addReported(a.inputTokens.cacheWrite, b.inputTokens.cacheWrite),
    },
    outputTokens: {
      total: a.outputTokens.total + b.outputTokens.total,
      reasoning: addReported(a.outputTokens.reasoning, b.outputTokens.reasoning),
    },
    source: a.source === 'measured' && b.source === 'measured' ? 'measured' : 'estimated',
  };
}

export function totalTokens(usage: Usage): number {
  return usage.inputTokens.total + usage.outputTokens.total;
}

function addReported(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : a + b;
}

import { Inject, Injectable } from '@nestjs/common';
import { PrincipalService } from '../../auth/index.js';
import type { Meaning } from '../../conversation/index.js';
import { EMBEDDING_PROVIDER, type EmbeddingProvider, type Embeddings } from '../../providers/index.js';
import { SideCalls } from '../side-calls/side-calls.js';

/** A run waits for it: whatever takes longer is done without. */
const LIMIT_MS = 1_500;

/** What a user's new message means, within their budget. */
@Injectable()
export class QueryMeaning {
  constructor(
    @Inject(EMBEDDING_PROVIDER) private readonly provider: EmbeddingProvider,
    private readonly sideCalls: SideCalls,
    private readonly principals: PrincipalService,
  ) {}

  /** `undefined`: there is no room, or nothing in it that means anything. Rejects with what the provider rejects with. */
  async of(text: string, userId: string, signal: AbortSignal): Promise<Meaning | undefined> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
    const embeddings = await this.embed(text, userId, limit);
    const vector = embeddings?.vectors[0];
    return vector?.some((value) => value !== 0) ? { model: this.provider.model, vector } : undefined;
  }

  /** What nobody is paid for needs nobody's budget, and no question whose that is. */
  private async embed(text: string, userId: string, limit: AbortSignal): Promise<Embeddings | undefined> {
    if (!this.provider.vendor) return this.provider.embed([text], limit);
    const principal = await this.principals.currentPrincipalOf(userId);
    return principal && this.sideCalls.embed(principal, [text], limit);
  }
}

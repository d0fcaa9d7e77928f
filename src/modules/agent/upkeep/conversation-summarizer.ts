import { Inject, Injectable } from '@nestjs/common';
import { AgentConfig } from '../../../config/app-config.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { type Ids, IDS } from '../../../shared/context/ids.js';
import type { Principal } from '../../../shared/context/principal.js';
import { ConversationSummariesRepository } from '../../conversation/index.js';
import { SideCalls } from '../side-calls/side-calls.js';
import { SummaryModel } from './summary-model.js';
import { MAX_SUMMARY_CHARACTERS, olderPart, summaryRequest } from './summary-request.js';
import { UpkeepMetrics } from './upkeep-metrics.js';

/** Read at once; more waits for the next run. */
const MAX_MESSAGES = 500;
const FIRST_PAUSE_MS = 60_000;
const MAX_PAUSE_MS = 6 * 3_600_000;

/** Sums up what a long conversation has come to, one version after the other. */
@Injectable()
export class ConversationSummarizer {
  constructor(
    private readonly summaries: ConversationSummariesRepository,
    private readonly sideCalls: SideCalls,
    private readonly model: SummaryModel,
    private readonly config: AgentConfig,
    private readonly metrics: UpkeepMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  get isEnabled(): boolean {
    return this.config.summaries.isEnabled && this.config.isConversationMemoryEnabled;
  }

  /**
   * Writes the next summary when the part that has none is long enough, its user's budget has room, and no other process is at
   * it. What fails is tried again after a later run, with pauses that grow.
   */
  async summarize(principal: Principal, conversationId: string, signal: AbortSignal): Promise<void> {
    const model = this.isEnabled ? this.model.find() : undefined;
    if (!model) return;
    const { afterTokens } = this.config.summaries;
    // A token is a character at the least: shorter is certainly not enough, and nothing is read.
    const claim = await this.summaries.claim(principal.userId, conversationId, this.ids.next(), afterTokens);
    if (!claim) return;
    const older = olderPart(await this.summaries.uncovered(claim, MAX_MESSAGES), afterTokens);
    if (older.length === 0) return this.summaries.giveBack(claim, 0, false);

    const { request, covered } = summaryRequest(model, claim.previous?.text, older, `==${this.ids.next()}==`);
    const answer = await this.sideCalls.complete(principal, 'summary', request, signal);
    if (answer.outcome !== 'ok') {
      this.metrics.summary(answer.outcome === 'failed' ? 'failed' : 'skipped');
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** claim.failures, MAX_PAUSE_MS);
      return this.summaries.giveBack(claim, signal.aborted ? 0 : pauseMs, !signal.aborted);
    }
    const isWritten = await this.summaries.add(claim, {
      text: answer.result.slice(0, MAX_SUMMARY_CHARACTERS),
      coversToSeq: covered.at(-1)!.seq,
      model: model.id,
      createdAt: this.clock.now(),
    });
    this.metrics.summary(isWritten ? 'written' : 'lost');
  }
}

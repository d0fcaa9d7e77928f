import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { totalTokens } from '../../shared/llm/usage.js';
import { formatUsd, usdToNumber } from '../../shared/money/usd.js';
import { AgentMetrics } from '../observability/index.js';
import { ToolRegistry } from '../tools/index.js';
import type { ModelCallRecord } from './loop/run-journal.js';
import type { OwnedRun, RunClosing } from './run.js';
import type { RunTally } from './run-tally.js';

/** Tells metrics and log what runs do: the source document's names, labels and events. */
@Injectable()
export class RunReporter {
  constructor(
    private readonly metrics: AgentMetrics,
    private readonly tools: ToolRegistry,
    private readonly logger: PinoLogger,
  ) {}

  started(): void {
    this.metrics.conversationStarted();
  }

  /** The run goes on elsewhere. */
  left(): void {
    this.metrics.conversationEnded();
  }

  modelCalled(run: OwnedRun, { model, usage, cost }: ModelCallRecord): void {
    this.metrics.recordUsage({
      tier: run.principal.tier,
      model,
      tokens: totalTokens(usage),
      ...(cost === undefined ? {} : { costUsd: usdToNumber(cost) }),
    });
  }

  ended(
    run: OwnedRun,
    closing: RunClosing,
    tally: RunTally,
    about: { latencyMs: number; messageLength: number; requestId: string | undefined; error: unknown },
  ): void {
    this.metrics.conversationEnded();
    // A name that the model made up may be anything: it is no label, and nothing for a log.
    const toolNames = [
      ...new Set(tally.toolCalls.map(({ call }) => this.tools.get(call.toolName)?.name ?? 'unknown')),
    ];
    const { tier } = run.principal;
    this.metrics.recordRun({
      tier,
      toolNames,
      status: closing.status,
      latencySeconds: about.latencyMs / 1000,
    });
    const who = {
      request_id: about.requestId,
      run_id: run.id,
      user_id: run.principal.userId,
      session_id: run.sessionId,
    };
    this.logger.info({
      event: 'agent.interaction',
      ...who,
      endpoint: run.endpoint,
      message_length: about.messageLength,
      tools_used: toolNames,
      tokens_used: totalTokens(tally.usage),
      usage_source: tally.usage.source,
      cost_usd: tally.cost === undefined ? null : formatUsd(tally.cost),
      cached: closing.isCached,
      latency_ms: Math.round(about.latencyMs * 100) / 100,
      model: closing.model,
      prompt_name: run.prompt?.name ?? null,
      prompt_version: run.prompt?.version ?? null,
      status: closing.status,
      stop_reason: closing.stopReason,
    });
    if (closing.problem) {
      this.logger.error({
        event: 'agent.error',
        ...who,
        error_type: closing.problem.code,
        user_tier: tier,
        model: closing.model,
        err: about.error,
      });
    }
  }
}

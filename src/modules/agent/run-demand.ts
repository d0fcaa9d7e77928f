import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Principal } from '../../shared/context/principal.js';
import { AppError } from '../../shared/errors/app-error.js';
import { DemandEstimator, type QuotaAmount } from '../rate-limit/index.js';
import type { RunSettings } from './run.js';
import { RunPreparer } from './run-preparer.js';

/** Tells the quota guard what a request for a run demands. It sees the body before anybody has validated it. */
@Injectable()
export class RunDemand implements OnModuleInit {
  constructor(
    private readonly estimator: DemandEstimator,
    private readonly preparer: RunPreparer,
  ) {}

  onModuleInit(): void {
    this.estimator.use((principal, body) => this.demandOf(principal, body));
  }

  /** What will be refused anyway demands nothing. */
  private demandOf(principal: Principal, body: unknown): QuotaAmount {
    const { message, ...rest } = membersOf(body);
    if (typeof message !== 'string') return { tokens: 0, cost: 0n };
    try {
      return this.preparer.demandOf(principal, settingsOf(rest), message);
    } catch (error) {
      if (error instanceof AppError) return { tokens: 0, cost: 0n };
      throw error;
    }
  }
}

function membersOf(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
}

/** Members of the wrong type are left out. */
function settingsOf({
  agent,
  model,
  max_tokens: maxTokens,
  tools,
  context,
}: Record<string, unknown>): RunSettings {
  const isCount = typeof maxTokens === 'number' && Number.isSafeInteger(maxTokens) && maxTokens > 0;
  const areNames = Array.isArray(tools) && tools.every((name) => typeof name === 'string');
  return {
    ...(typeof agent === 'string' ? { agent } : {}),
    ...(typeof model === 'string' ? { model } : {}),
    ...(isCount ? { maxTokens } : {}),
    ...(tools === false ? { tools } : areNames ? { tools: tools as string[] } : {}),
    ...(typeof context === 'object' && context !== null
      ? { context: context as RunSettings['context'] & object }
      : {}),
  };
}

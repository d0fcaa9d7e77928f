import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { requestContext } from '../../../shared/context/request-context.js';
import type { JsonValue } from '../../../shared/llm/json.js';
import { AuditTrail } from '../../observability/index.js';
import { promptRejected } from '../agent.errors.js';
import type { RunOptions } from '../run.js';
import { GuardrailService } from './guardrail.service.js';
import type { GuardrailVerdict, Verdict } from './guardrail-verdict.js';

/** What is about to become a run, and whose. */
export interface PromptToJudge {
  readonly userId: string;
  /** Of the run to come. */
  readonly runId: string;
  readonly options: Pick<RunOptions, 'message' | 'context'>;
}

/** Lets requests through to admission, or not. */
@Injectable()
export class PromptGuard {
  constructor(
    private readonly guardrail: GuardrailService,
    private readonly trail: AuditTrail,
  ) {}

  /**
   * Judges the message and the texts of the context. What is not simply allowed is in the audit trail before anything
   * happens. Throws `prompt_rejected`; answers with the worse of the verdicts.
   */
  async admit({ userId, runId, options }: PromptToJudge): Promise<GuardrailVerdict> {
    const context = options.context === undefined ? [] : textsIn(options.context);
    let worst = await this.guardrail.check(options.message, 'user');
    let text = options.message;
    if (context.length > 0 && worst.verdict !== 'block') {
      const ofContext = await this.guardrail.check(context.join('\n'), 'user');
      if (isWorse(ofContext, worst)) [worst, text] = [ofContext, context.join('\n')];
    }
    if (worst.verdict === 'allow') return worst;
    await this.record(userId, runId, worst, text);
    if (worst.verdict === 'block') throw promptRejected(worst.reasons);
    return worst;
  }

  private async record(
    userId: string,
    runId: string,
    { verdict, score, reasons }: GuardrailVerdict,
    text: string,
  ): Promise<void> {
    await this.trail.record({
      actorId: userId,
      action: verdict === 'block' ? 'guardrail.blocked' : 'guardrail.flagged',
      targetType: 'run',
      targetId: runId,
      requestId: requestContext.current()?.requestId,
      details: {
        score: Number(score.toFixed(3)),
        reasons,
        length: text.length,
        // Not the text: the trail outlives what its users may have erased.
        text_sha256: createHash('sha256').update(text).digest('hex'),
      },
    });
  }
}

const RANKS: Readonly<Record<Verdict, number>> = { allow: 0, flag: 1, block: 2 };

/** A judge can block what scores less than what is only flagged. */
function isWorse(one: GuardrailVerdict, other: GuardrailVerdict): boolean {
  const difference = RANKS[one.verdict] - RANKS[other.verdict];
  return difference > 0 || (difference === 0 && one.score > other.score);
}

/** All texts of a JSON value, keys included: the model reads them too. The body was scanned for depth before. */
function textsIn(value: JsonValue): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [key, ...textsIn(member)]);
}

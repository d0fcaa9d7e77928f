import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { GuardrailConfig } from '../../../config/app-config.js';
import { detect, type Detection } from './detector/detect.js';
import type { GuardrailModel, Origin } from './detector/guardrail-model.js';
import { GUARDRAIL_JUDGE, type GuardrailJudge } from './guardrail-judge.js';
import { GuardrailMetrics } from './guardrail-metrics.js';
import { type GuardrailVerdict, NO_VERDICT, type Verdict } from './guardrail-verdict.js';
import { GUARDRAIL_MODEL } from './model/load-model.js';

/** Judges texts before they reach a model. It is one layer of several, and none that anything may rest on. */
@Injectable()
export class GuardrailService {
  constructor(
    private readonly config: GuardrailConfig,
    @Inject(GUARDRAIL_MODEL) private readonly model: GuardrailModel,
    @Inject(GUARDRAIL_JUDGE) private readonly judge: GuardrailJudge | undefined,
    private readonly metrics: GuardrailMetrics,
    private readonly logger: PinoLogger,
  ) {}

  /**
   * Takes a millisecond for a usual message, some fifty for 100 kB, and for a suspicious one as long as the judge may take.
   * Stores nothing. Never throws.
   */
  async check(text: string, origin: Origin): Promise<GuardrailVerdict> {
    if (!this.config.isEnabled) return NO_VERDICT;
    const detection = detect(this.model, text, origin);
    const verdict = await this.withJudge(text, origin, this.verdictOn(detection, origin));
    this.metrics.checked(origin, verdict);
    return verdict;
  }

  private verdictOn({ score, reasons }: Detection, origin: Origin): GuardrailVerdict {
    const verdict = this.verdictAt(score, origin);
    // A flag below the detector's own limit is the operator's wish; the detector has no reasons for it.
    return {
      verdict,
      score,
      reasons: verdict === 'allow' ? [] : reasons.length > 0 ? reasons : ['learned_model'],
    };
  }

  private verdictAt(score: number, origin: Origin): Verdict {
    const { blockScore, flagScore, toolFlagScore } = this.config;
    if (origin === 'tool') return score >= toolFlagScore ? 'flag' : 'allow';
    if (score >= blockScore) return 'block';
    return score >= flagScore ? 'flag' : 'allow';
  }

  /** A judge can only make it worse: what the detector saw stays seen. */
  private async withJudge(
    text: string,
    origin: Origin,
    verdict: GuardrailVerdict,
  ): Promise<GuardrailVerdict> {
    if (!this.judge || origin !== 'user' || verdict.verdict !== 'flag') return verdict;
    try {
      const isAttack = await this.judge.isAttack(text, AbortSignal.timeout(this.config.judge!.timeoutMs));
      this.metrics.judged(isAttack ? 'attack' : 'harmless');
      return isAttack ? { ...verdict, verdict: 'block', reasons: [...verdict.reasons, 'judge'] } : verdict;
    } catch (error) {
      this.metrics.judged('failed');
      this.logger.warn({ event: 'guardrail.judge_failed', err: error });
      return verdict;
    }
  }
}

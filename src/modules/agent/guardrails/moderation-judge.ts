import { z } from 'zod';
import type { GuardrailJudgeConfig } from '../../../config/app-config.js';
import type { OutboundClient } from '../../tools/index.js';
import type { GuardrailJudge } from './guardrail-judge.js';

/** Scores of a few dozen categories. */
const MAX_ANSWER_BYTES = 256 * 1024;
const ANSWER = z.object({ results: z.array(z.object({ flagged: z.boolean() })).min(1) });

/**
 * An endpoint of the shape of OpenAI's moderations: `POST {model, input}` → `results[0].flagged`. Behind it may be any
 * classifier. The address is the operator's own, so it passes no guard against private addresses; redirects are not followed.
 */
export class ModerationJudge implements GuardrailJudge {
  constructor(
    private readonly config: GuardrailJudgeConfig,
    private readonly outbound: OutboundClient,
  ) {}

  async isAttack(text: string, signal: AbortSignal): Promise<boolean> {
    const { url, apiKey, model, timeoutMs } = this.config;
    const { status, body } = await this.outbound.request({
      url,
      target: { kind: 'origin', origin: new URL(url).origin },
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(apiKey ? { authorization: `Bearer ${apiKey.reveal()}` } : {}),
      },
      body: JSON.stringify({ ...(model === undefined ? {} : { model }), input: text }),
      maxBytes: MAX_ANSWER_BYTES,
      timeoutMs,
      signal,
    });
    if (status !== 200) throw new Error(`The judge answered with HTTP ${status}.`);
    return ANSWER.parse(JSON.parse(new TextDecoder().decode(body))).results[0]!.flagged;
  }
}

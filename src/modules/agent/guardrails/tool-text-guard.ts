import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import type { JsonValue } from '../../../shared/llm/json.js';
import type { ToolResult } from '../../../shared/llm/tool-call.js';
import { actorOf, AuditTrail } from '../../observability/index.js';
import type { OwnedRun } from '../run.js';
import { GuardrailService } from './guardrail.service.js';

/** Longer results are judged by their beginning: their end is looked at by nobody who attacks, but costs time. */
const MAX_CHARACTERS = 64_000;

/** Judges what tools bring from strangers. Nothing is held back here: a result only says what it is to be taken for. */
@Injectable()
export class ToolTextGuard {
  constructor(
    private readonly guardrail: GuardrailService,
    private readonly trail: AuditTrail,
    private readonly logger: PinoLogger,
  ) {}

  /** The same result; `hostile` when instructions to the model were found in it, which is then in the audit trail. */
  async judged(run: OwnedRun, result: ToolResult): Promise<ToolResult> {
    if (!result.taint) return result;
    // As the model reads it: what JSON puts around a text would make it look like a quotation.
    const text = textsIn(result.result).join('\n').slice(0, MAX_CHARACTERS);
    const { verdict, score, reasons } = await this.guardrail.check(text, 'tool');
    if (verdict === 'allow') return result;
    const entry = {
      ...actorOf(run.principal),
      action: 'guardrail.tool_text_flagged',
      targetType: 'run',
      targetId: run.id,
      requestId: run.requestId,
      details: {
        tool_name: result.toolName,
        score: Number(score.toFixed(3)),
        reasons,
        text_sha256: createHash('sha256').update(text).digest('hex'),
      },
    };
    // The call is done, and what protects the user does not rest on this entry.
    await this.trail.record(entry).catch((error: unknown) => {
      this.logger.error({ event: 'guardrail.not_recorded', run_id: run.id, err: error });
    });
    return { ...result, taint: 'hostile' };
  }
}

/** The texts of a result. The names of its members are the tool's own. */
function textsIn(value: JsonValue): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

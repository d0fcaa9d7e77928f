import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../shared/llm/json.js';
import type { AuditRecord, AuditTrail } from '../../observability/index.js';
import type { GuardrailService } from './guardrail.service.js';
import type { GuardrailVerdict, Verdict } from './guardrail-verdict.js';
import { PromptGuard } from './prompt-guard.js';

const USER = '0193ab40-7c1e-7000-8000-000000000001';
const RUN = '0193ab40-7c1e-7000-8000-000000000002';

const SCORES: Record<Verdict, number> = { allow: 0.1, flag: 0.6, block: 0.9 };

/** A guardrail that takes each text for what it says. */
function aGuard() {
  const checked: string[] = [];
  const entries: AuditRecord[] = [];
  const check = async (text: string): Promise<GuardrailVerdict> => {
    checked.push(text);
    const verdict = (['block', 'flag'] as const).find((word) => text.includes(word)) ?? 'allow';
    const score = text.includes('judge') ? 0.5 : SCORES[verdict];
    return { verdict, score, reasons: verdict === 'allow' ? [] : ['learned_model'] };
  };
  const trail = { record: async (entry: AuditRecord) => void entries.push(entry) };
  const guard = new PromptGuard({ check } as unknown as GuardrailService, trail as unknown as AuditTrail);
  return { guard, checked, entries };
}

describe(PromptGuard.name, () => {
  it('lets a harmless message through and leaves no trace of it', async () => {
    const { guard, checked, entries } = aGuard();
    const verdict = await guard.admit({ userId: USER, runId: RUN, options: { message: 'hello' } });
    expect([verdict.verdict, checked, entries]).toEqual(['allow', ['hello'], []]);
  });

  it('refuses a message with reasons, and the trail has its hash instead of it', async () => {
    const { guard, entries } = aGuard();
    const admitted = guard.admit({ userId: USER, runId: RUN, options: { message: 'block me' } });
    await expect(admitted).rejects.toMatchObject({
      kind: 'forbidden',
      code: 'prompt_rejected',
      extensions: { reasons: ['learned_model'] },
    });
    expect(entries).toEqual([
      expect.objectContaining({
        actorId: USER,
        action: 'guardrail.blocked',
        targetType: 'run',
        targetId: RUN,
      }),
    ]);
    expect(entries[0]!.details).toEqual({
      score: 0.9,
      reasons: ['learned_model'],
      length: 8,
      text_sha256: createHash('sha256').update('block me').digest('hex'),
    });
  });

  it('lets a suspicious message through, and the trail says so', async () => {
    const { guard, entries } = aGuard();
    const { verdict } = await guard.admit({ userId: USER, runId: RUN, options: { message: 'flag me' } });
    expect([verdict, entries.map(({ action }) => action)]).toEqual(['flag', ['guardrail.flagged']]);
  });

  it('reads the texts of the context too, wherever they are in it', async () => {
    const { guard } = aGuard();
    const contexts: JsonObject[] = [
      { a: [{ b: 'block' }] },
      { 'block this': 1 },
      { a: { b: ['x', 'block'] } },
    ];
    for (const context of contexts) {
      const admitted = guard.admit({ userId: USER, runId: RUN, options: { message: 'hello', context } });
      await expect(admitted).rejects.toMatchObject({ code: 'prompt_rejected' });
    }
  });

  it('refuses a context that a judge blocks, though the message scores more', async () => {
    const { guard, entries } = aGuard();
    const options = { message: 'flag me', context: { a: 'a judge says block' } };
    const admitted = guard.admit({ userId: USER, runId: RUN, options });
    await expect(admitted).rejects.toMatchObject({ code: 'prompt_rejected' });
    expect(entries.map(({ action }) => action)).toEqual(['guardrail.blocked']);
  });
});

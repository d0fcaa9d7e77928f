/** A second opinion on what the detector finds suspicious, for users’ texts only. */
export interface GuardrailJudge {
  /** True: this is an attack. Throws when it has no opinion: the caller then goes on as if there were no judge. */
  isAttack(text: string, signal: AbortSignal): Promise<boolean>;
}

/** A `GuardrailJudge`, or `undefined` where none is configured. */
export const GUARDRAIL_JUDGE = Symbol('GUARDRAIL_JUDGE');

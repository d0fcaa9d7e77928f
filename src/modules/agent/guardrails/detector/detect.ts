import { featuresOf } from './features.js';
import { logOdds } from './linear-model.js';
import type { GuardrailModel, Origin } from './guardrail-model.js';
import { PLAIN_OVERRIDE, reasonsOf, type RuleReason } from './rules.js';
import { type ViewName, viewsOf } from './views.js';
import { windowsOf } from './windows.js';

/** Why a text is suspicious: what it asks for, how it hides that, or that the model alone says so. Part of the HTTP contract. */
export type Reason = RuleReason | 'encoded_payload' | 'hidden_characters' | 'learned_model';

export interface Detection {
  /** 0: harmless, 1: an attack. From 0.5 on a text is suspicious; see docs/guardrail-model.md for what that costs. */
  readonly score: number;
  /** Empty below 0.5. */
  readonly reasons: readonly Reason[];
}

/** How much more suspicious a text is because somebody had to decode it, in log-odds. */
const HIDING: Readonly<Record<ViewName, number>> = {
  plain: 0,
  disguised: 3,
  tags: 4,
  entities: 3,
  percent: 3,
  escapes: 2,
  base64: 1.5,
  hex: 2,
  binary: 1.5,
  comment: 1,
  rot13: 3,
  reversed: 3,
  leet: 2,
  spaced: 2.5,
};
/** Pages are full of codes, for other reasons. */
const HIDING_IN: Readonly<Record<Origin, number>> = { user: 1, tool: 0.5 };
/** Where a rule that is hardly ever wrong says the same as the model, that is more than suspicious. */
const CLEAR_REASONS: ReadonlySet<RuleReason> = new Set(['override_instructions', 'prompt_extraction']);
const AGREEMENT = 1;
/** What such an order is worth whatever the model says. */
const PLAIN_OVERRIDE_ODDS = 0.7;
const SUSPICIOUS = 0.5;

/** Judges a text in all its readings and all its parts; the worst one counts. Takes time in proportion to its length. */
export function detect(model: GuardrailModel, text: string, origin: Origin): Detection {
  const head = model[origin];
  let worst = { odds: -Infinity, view: 'plain' as ViewName, said: 0 };
  for (const view of viewsOf(text)) {
    for (const part of windowsOf(view.text, origin)) {
      const features = featuresOf(part);
      const learned = logOdds(head, features) + HIDING[view.name] * HIDING_IN[origin];
      const isPlain = (features.said & PLAIN_OVERRIDE) !== 0;
      const odds = isPlain ? Math.max(learned, PLAIN_OVERRIDE_ODDS) : learned;
      if (odds > worst.odds) worst = { odds, view: view.name, said: features.said };
    }
  }
  const reasons = reasonsOf(worst.said);
  const isClear = worst.odds >= 0 && reasons.some((reason) => CLEAR_REASONS.has(reason));
  const score = 1 / (1 + Math.exp(-(worst.odds + (isClear ? AGREEMENT : 0))));
  return { score, reasons: score < SUSPICIOUS ? [] : withView(reasons, worst.view) };
}

function withView(reasons: readonly RuleReason[], view: ViewName): Reason[] {
  if (view === 'disguised' || view === 'tags') return [...reasons, 'hidden_characters'];
  if (view !== 'plain') return [...reasons, 'encoded_payload'];
  return reasons.length > 0 ? [...reasons] : ['learned_model'];
}

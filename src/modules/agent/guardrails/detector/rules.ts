import { bitOf, type Occurrences } from './concepts.js';
import type { Concept } from './lexicon.js';
import { isQuoted } from './quotes.js';

/** Why a text is suspicious. Stable: part of the HTTP contract. */
export const REASONS = [
  'override_instructions',
  'prompt_extraction',
  'secret_request',
  'persona_jailbreak',
  'forced_output',
  'authority_claim',
  'hidden_instruction',
  'encoded_command',
  'exfiltration',
  'role_forgery',
  'repetition_flood',
  'harmful_request',
  'private_data_request',
] as const;
export type RuleReason = (typeof REASONS)[number];

/** All of these concepts near one another; in `anyOf` at least one. The first is where the rule stands. */
interface Rule {
  readonly reason: RuleReason;
  readonly all: readonly Concept[];
  readonly anyOf?: readonly Concept[];
  /** In characters, to both sides of the first. */
  readonly within: number;
}

const RULES: readonly Rule[] = [
  {
    reason: 'override_instructions',
    all: ['ignore', 'instructions'],
    anyOf: ['prior', 'your', 'all', 'system'],
    within: 70,
  },
  { reason: 'override_instructions', all: ['ignore', 'prior'], anyOf: ['text', 'all'], within: 45 },
  { reason: 'override_instructions', all: ['new', 'instructions', 'urgent'], within: 60 },
  {
    reason: 'override_instructions',
    all: ['not', 'instructions', 'prior'],
    anyOf: ['your', 'urgent', 'say'],
    within: 50,
  },
  {
    reason: 'prompt_extraction',
    all: ['reveal', 'instructions'],
    anyOf: ['your', 'system', 'prior', 'hidden'],
    within: 60,
  },
  {
    reason: 'prompt_extraction',
    all: ['reveal', 'text', 'prior'],
    anyOf: ['only', 'all', 'your'],
    within: 60,
  },
  {
    reason: 'secret_request',
    all: ['reveal', 'secret'],
    anyOf: ['your', 'system', 'private', 'urgent'],
    within: 60,
  },
  { reason: 'private_data_request', all: ['reveal', 'private'], within: 60 },
  { reason: 'persona_jailbreak', all: ['persona', 'unrestricted'], within: 200 },
  { reason: 'persona_jailbreak', all: ['persona', 'refusal', 'not'], within: 200 },
  { reason: 'persona_jailbreak', all: ['mode', 'unrestricted', 'model'], within: 200 },
  { reason: 'persona_jailbreak', all: ['unrestricted', 'your', 'model'], within: 120 },
  { reason: 'forced_output', all: ['say', 'only'], within: 45 },
  {
    reason: 'authority_claim',
    all: ['authority', 'pretext'],
    anyOf: ['your', 'secret', 'reveal'],
    within: 90,
  },
  { reason: 'authority_claim', all: ['authority', 'mode'], within: 60 },
  {
    reason: 'hidden_instruction',
    all: ['hidden'],
    anyOf: ['model', 'grade', 'say', 'instructions'],
    within: 80,
  },
  { reason: 'encoded_command', all: ['cipher', 'say'], within: 80 },
  { reason: 'exfiltration', all: ['send', 'secret'], within: 80 },
  { reason: 'exfiltration', all: ['send', 'private'], within: 80 },
  { reason: 'harmful_request', all: ['say', 'harm'], within: 40 },
];

const COMPILED = RULES.map(({ reason, all, anyOf, within }) => ({
  index: REASONS.indexOf(reason),
  anchor: bitOf(all[0]!),
  needed: all.reduce((bits, concept) => bits | bitOf(concept), 0),
  oneOf: (anyOf ?? []).reduce((bits, concept) => bits | bitOf(concept), 0),
  within,
}));
export const RULE_COUNT = COMPILED.length;

/** How far a rule looks at most, in occurrences. */
const MAX_NEIGHBOURS = 24;

/** An order that nothing speaks against, and so good as certain; see `isPlainOverride`. */
export const PLAIN_OVERRIDE = 1 << 28;
/** What is seen from the layout and not from concepts has bits of its own, above those of the rules. */
export const ROLE_FORGERY = 1 << 29;
export const REPETITION_FLOOD = 1 << 30;

/** Which rules hold in a part of a text: a bit per rule, apart for what is said and what is quoted. */
export interface RuleHits {
  readonly said: number;
  readonly quoted: number;
}

/** Looks at the occurrences `[from, to)`. */
export function applyRules(found: Occurrences, from: number, to: number, quotes: Int32Array): RuleHits {
  let said = 0;
  let quoted = 0;
  const { offsets, bits } = found;
  for (let at = from; at < to; at += 1) {
    for (let rule = 0; rule < COMPILED.length; rule += 1) {
      const { anchor, needed, oneOf, within } = COMPILED[rule]!;
      if ((bits[at]! & anchor) === 0 || (said & (1 << rule)) !== 0) continue;
      const near = neighbours(found, at, from, to, within);
      if ((near & needed) !== needed || (oneOf !== 0 && (near & oneOf) === 0)) continue;
      if (isQuoted(quotes, offsets[at]!)) quoted |= 1 << rule;
      else said |= 1 << rule;
    }
  }
  return { said, quoted: quoted & ~said };
}

export function reasonsOf(hits: number): RuleReason[] {
  const reasons = new Set<RuleReason>();
  if ((hits & PLAIN_OVERRIDE) !== 0) reasons.add('override_instructions');
  COMPILED.forEach(({ index }, rule) => {
    if ((hits & (1 << rule)) !== 0) reasons.add(REASONS[index]!);
  });
  if ((hits & ROLE_FORGERY) !== 0) reasons.add('role_forgery');
  if ((hits & REPETITION_FLOOD) !== 0) reasons.add('repetition_flood');
  return [...reasons];
}

const IGNORE = bitOf('ignore');
const INSTRUCTIONS = bitOf('instructions');
const WHOSE = bitOf('prior') | bitOf('your') | bitOf('system');
const SPOKEN_ABOUT = bitOf('explain') | bitOf('guard');
const NOT = bitOf('not');
const OWN = bitOf('own');

/**
 * "Ignore your previous instructions", in so many words: neither quoted nor denied ("do not ignore"), nobody explains or tests
 * it, and it is not about what somebody said themselves ("my previous instructions"). Of two thousand harmless texts that were looked at a handful has it.
 */
export function isPlainOverride(found: Occurrences, quotes: Int32Array): boolean {
  const { count, offsets, bits } = found;
  for (let at = 0; at < count; at += 1) {
    if ((bits[at]! & IGNORE) === 0 || isQuoted(quotes, offsets[at]!)) continue;
    // Its own word may mean several things; others have to say what is to be ignored.
    const close = neighbours(found, at, 0, count, 45) & ~bits[at]!;
    if ((close & INSTRUCTIONS) === 0 || (close & WHOSE) === 0 || (close & OWN) !== 0) continue;
    if ((neighbours(found, at, 0, count, 80) & SPOKEN_ABOUT) !== 0) continue;
    const isDenied = at > 0 && (bits[at - 1]! & NOT) !== 0 && offsets[at]! - offsets[at - 1]! <= 8;
    if (!isDenied) return true;
  }
  return false;
}

function neighbours(found: Occurrences, at: number, from: number, to: number, within: number): number {
  const { offsets, bits } = found;
  const here = offsets[at]!;
  let near = bits[at]!;
  for (let other = at - 1; other >= from && at - other <= MAX_NEIGHBOURS; other -= 1) {
    if (here - offsets[other]! > within) break;
    near |= bits[other]!;
  }
  for (let other = at + 1; other < to && other - at <= MAX_NEIGHBOURS; other += 1) {
    if (offsets[other]! - here > within) break;
    near |= bits[other]!;
  }
  return near;
}

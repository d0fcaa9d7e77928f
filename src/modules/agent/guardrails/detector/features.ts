import { findConcepts, type Occurrences } from './concepts.js';
import { toComparable } from './folded-text.js';
import { CONCEPTS } from './lexicon.js';
import { quotedSpans } from './quotes.js';
import { applyRules, RULE_COUNT, type RuleHits } from './rules.js';
import { SHAPES, shapesOf } from './shape.js';
import { tokenize } from './tokens.js';

/*
 * What the model sees of a part of a text: words and parts of words by their hash, and the concepts of the lexicon, which are
 * the same in all languages, by name. A change here makes the shipped model worthless: train again.
 */

const WORD_BITS = 16;
const SIGN_BITS = 16;
const TRIPLE_BITS = 14;
const CONCEPT_COUNT = CONCEPTS.length;

const WORDS = 0;
const SIGNS = WORDS + (1 << WORD_BITS);
const SINGLES = SIGNS + (1 << SIGN_BITS);
const PAIRS = SINGLES + CONCEPT_COUNT;
const TRIPLES = PAIRS + 2 * CONCEPT_COUNT * CONCEPT_COUNT;
const RULES_SAID = TRIPLES + (1 << TRIPLE_BITS);
const RULES_QUOTED = RULES_SAID + RULE_COUNT;
const SHAPE = RULES_QUOTED + RULE_COUNT;
export const DIMENSIONS = SHAPE + SHAPES.length;

/** Two concepts are together when at most so many characters are between their beginnings. */
const FAR = 60;
const NEAR = 22;
const MAX_PARTNERS = 10;
/** Weights of the groups against each other. */
const WORD_SCALE = 1;
const SIGN_SCALE = 0.8;
const CONCEPT_SCALE = 1;
const FLAG_SCALE = 0.5;
/** A part with few concepts is not judged as if they were all of it. */
const LEAST_CONCEPTS = 12;
const LEAST_WORDS = 6;
const SIGN_LENGTH = 5;

export interface Features {
  readonly indices: Int32Array;
  readonly values: Float32Array;
  readonly rules: RuleHits;
}

/** Of one part of a text (see `windows.ts`): `original` is folded, with its case. */
export function featuresOf(original: string): Features {
  const text = toComparable(original);
  const tokens = tokenize(text);
  const found = findConcepts(text, tokens);
  const quotes = quotedSpans(text);
  const rules = applyRules(found, 0, found.count, quotes);

  const words = new Set<number>();
  const add = (hash: number): void => void words.add(WORDS + (mix(hash) >>> (32 - WORD_BITS)));
  let repeats = 0;
  const seen = new Set<number>();
  for (let at = 0; at < tokens.count; at += 1) {
    const first = tokens.hashes[at]!;
    if (seen.has(first)) repeats += 1;
    else seen.add(first);
    add(first);
    if (at + 1 >= tokens.count) continue;
    const second = Math.imul(first, 31) + tokens.hashes[at + 1]! + 0x51ed;
    add(second);
    if (at + 2 < tokens.count) add(Math.imul(second, 31) + tokens.hashes[at + 2]! + 0x7a3b);
  }

  const signs = new Set<number>();
  for (let at = 0; at + SIGN_LENGTH <= text.length; at += 1) {
    let hash = 0x811c9dc5;
    for (let next = at; next < at + SIGN_LENGTH; next += 1) {
      const code = text.charCodeAt(next);
      hash = Math.imul(hash ^ (code >= 48 && code <= 57 ? 48 : code), 0x01000193);
    }
    signs.add(SIGNS + (mix(hash) >>> (32 - SIGN_BITS)));
  }

  const concepts = conceptFeatures(found);
  // Texts that are one sign over and over have hardly a token.
  const varied = new Set(words).size + signs.size;
  const flood =
    (tokens.count >= 30 && repeats > tokens.count * 0.85) || (text.length > 200 && varied < text.length * 0.12) ? 1 : 0;
  const shapes = shapesOf(original, flood);

  const flags: number[] = [];
  for (let rule = 0; rule < RULE_COUNT; rule += 1) {
    if ((rules.said & (1 << rule)) !== 0) flags.push(RULES_SAID + rule);
    else if ((rules.quoted & (1 << rule)) !== 0) flags.push(RULES_QUOTED + rule);
  }
  shapes.forEach((value, shape) => {
    if (value > 0) flags.push(SHAPE + shape);
  });

  const total = words.size + signs.size + concepts.size + flags.length;
  const indices = new Int32Array(total);
  const values = new Float32Array(total);
  let filled = 0;
  const fill = (group: Iterable<number>, value: number): void => {
    for (const index of group) {
      indices[filled] = index;
      values[filled] = value;
      filled += 1;
    }
  };
  fill(words, WORD_SCALE / Math.sqrt(Math.max(words.size, LEAST_WORDS)));
  fill(signs, SIGN_SCALE / Math.sqrt(Math.max(signs.size, LEAST_WORDS)));
  fill(concepts, CONCEPT_SCALE / Math.sqrt(Math.max(concepts.size, LEAST_CONCEPTS)));
  fill(flags, FLAG_SCALE);
  return { indices, values, rules };
}

function conceptFeatures({ count, offsets, bits }: Occurrences): Set<number> {
  const features = new Set<number>();
  for (let at = 0; at < count; at += 1) {
    const here = offsets[at]!;
    for (const first of conceptsIn(bits[at]!)) {
      features.add(SINGLES + first);
      for (let other = at + 1; other < count && other - at <= MAX_PARTNERS; other += 1) {
        const distance = offsets[other]! - here;
        if (distance > FAR) break;
        const nearness = distance <= NEAR ? 0 : 1;
        for (const second of conceptsIn(bits[other]!)) {
          features.add(PAIRS + (nearness * CONCEPT_COUNT + first) * CONCEPT_COUNT + second);
          if (other + 1 >= count || offsets[other + 1]! - here > FAR) continue;
          for (const third of conceptsIn(bits[other + 1]!)) {
            const hash = mix((first * CONCEPT_COUNT + second) * CONCEPT_COUNT + third + 1);
            features.add(TRIPLES + (hash >>> (32 - TRIPLE_BITS)));
          }
        }
      }
    }
  }
  return features;
}

const CONCEPT_LISTS = new Map<number, readonly number[]>();

function conceptsIn(bits: number): readonly number[] {
  let list = CONCEPT_LISTS.get(bits);
  if (!list) {
    list = CONCEPTS.flatMap((_concept, index) => ((bits & (1 << index)) === 0 ? [] : [index]));
    // As many as there are words in the lexicon, at the most.
    CONCEPT_LISTS.set(bits, list);
  }
  return list;
}

function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

import { findConcepts, type Occurrences } from './concepts.js';
import { toComparable } from './folded-text.js';
import { CONCEPTS } from './lexicon.js';
import { quotedSpans } from './quotes.js';
import {
  applyRules,
  isPlainOverride,
  PLAIN_OVERRIDE,
  REPETITION_FLOOD,
  ROLE_FORGERY,
  RULE_COUNT,
  type RuleHits,
} from './rules.js';
import { SHAPES, shapesOf } from './shape.js';
import { tokenize, type Tokens } from './tokens.js';

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

const TEMPLATE_TOKEN = SHAPES.indexOf('template_token');
const FLOOD = SHAPES.indexOf('flood');

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
const SIGN_BASE = 0x2f0b4a27;
const SIGN_BASE_TO_LENGTH = Array.from({ length: SIGN_LENGTH }).reduce<number>(
  (power) => Math.imul(power, SIGN_BASE),
  1,
);

export interface Features {
  readonly indices: Int32Array;
  readonly values: Float32Array;
  /** The rules that hold for what is said and not quoted: see `reasonsOf`. */
  readonly said: number;
}

/**
 * Notes which features a part has, each once. One for the process: parts are judged one after the other, and clearing a list
 * costs less than making sets.
 */
class Collector {
  private readonly stamps = new Int32Array(DIMENSIONS);
  private readonly found = new Int32Array(DIMENSIONS);
  private stamp = 0;
  count = 0;

  begin(): void {
    this.stamp += 1;
    this.count = 0;
  }

  add(index: number): void {
    if (this.stamps[index] === this.stamp) return;
    this.stamps[index] = this.stamp;
    this.found[this.count] = index;
    this.count += 1;
  }

  copyTo(indices: Int32Array): void {
    indices.set(this.found.subarray(0, this.count));
  }
}

const collector = new Collector();

/** Of one part of a text (see `windows.ts`): `original` is folded, with its case. */
export function featuresOf(original: string): Features {
  const text = toComparable(original);
  const tokens = tokenize(text);
  const found = findConcepts(text, tokens);
  const quotes = quotedSpans(text);
  const rules = applyRules(found, 0, found.count, quotes);

  collector.begin();
  addWords(tokens);
  const words = collector.count;
  addSigns(text);
  const signs = collector.count - words;
  addConcepts(found);
  const concepts = collector.count - words - signs;
  const shapes = shapesOf(original, isFlood(text, tokens, words + signs));
  addFlags(rules, shapes);

  const indices = new Int32Array(collector.count);
  const values = new Float32Array(collector.count);
  collector.copyTo(indices);
  values.fill(WORD_SCALE / Math.sqrt(Math.max(words, LEAST_WORDS)), 0, words);
  values.fill(SIGN_SCALE / Math.sqrt(Math.max(signs, LEAST_WORDS)), words, words + signs);
  const flags = words + signs + concepts;
  values.fill(CONCEPT_SCALE / Math.sqrt(Math.max(concepts, LEAST_CONCEPTS)), words + signs, flags);
  values.fill(FLAG_SCALE, flags);
  const said =
    rules.said |
    (isPlainOverride(found, quotes) ? PLAIN_OVERRIDE : 0) |
    (shapes[TEMPLATE_TOKEN] ? ROLE_FORGERY : 0) |
    (shapes[FLOOD] ? REPETITION_FLOOD : 0);
  return { indices, values, said };
}

/** One, two and three words in a row. */
function addWords({ count, hashes }: Tokens): void {
  const add = (hash: number): void => collector.add(WORDS + (mix(hash) >>> (32 - WORD_BITS)));
  for (let at = 0; at < count; at += 1) {
    const first = hashes[at]!;
    add(first);
    if (at + 1 >= count) continue;
    const second = Math.imul(first, 31) + hashes[at + 1]! + 0x51ed;
    add(second);
    if (at + 2 < count) add(Math.imul(second, 31) + hashes[at + 2]! + 0x7a3b);
  }
}

/** Five signs in a row, over the borders of words: a hash that rolls on by one sign at a time. */
function addSigns(text: string): void {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash, SIGN_BASE) + signAt(text, at);
    if (at >= SIGN_LENGTH) hash -= Math.imul(signAt(text, at - SIGN_LENGTH), SIGN_BASE_TO_LENGTH);
    hash |= 0;
    if (at + 1 >= SIGN_LENGTH) collector.add(SIGNS + (mix(hash) >>> (32 - SIGN_BITS)));
  }
}

/** All digits are one sign. */
function signAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57 ? 48 : code;
}

/** Concepts alone, two of them near or not so near to one another, and three in a row. */
function addConcepts({ count, offsets, bits }: Occurrences): void {
  for (let at = 0; at < count; at += 1) {
    const here = offsets[at]!;
    for (const first of conceptsIn(bits[at]!)) {
      collector.add(SINGLES + first);
      for (let other = at + 1; other < count && other - at <= MAX_PARTNERS; other += 1) {
        const distance = offsets[other]! - here;
        if (distance > FAR) break;
        const nearness = distance <= NEAR ? 0 : 1;
        const next =
          other + 1 < count && offsets[other + 1]! - here <= FAR ? conceptsIn(bits[other + 1]!) : NONE;
        for (const second of conceptsIn(bits[other]!)) {
          collector.add(PAIRS + (nearness * CONCEPT_COUNT + first) * CONCEPT_COUNT + second);
          for (const third of next) {
            const hash = mix((first * CONCEPT_COUNT + second) * CONCEPT_COUNT + third + 1);
            collector.add(TRIPLES + (hash >>> (32 - TRIPLE_BITS)));
          }
        }
      }
    }
  }
}

function addFlags(rules: RuleHits, shapes: readonly boolean[]): void {
  for (let rule = 0; rule < RULE_COUNT; rule += 1) {
    if ((rules.said & (1 << rule)) !== 0) collector.add(RULES_SAID + rule);
    else if ((rules.quoted & (1 << rule)) !== 0) collector.add(RULES_QUOTED + rule);
  }
  shapes.forEach((isSo, shape) => {
    if (isSo) collector.add(SHAPE + shape);
  });
}

/** The same word or sign over and over. `varied`: how many different features of words and signs there are. */
function isFlood(text: string, { count, hashes }: Tokens, varied: number): boolean {
  if (text.length > 200 && varied < text.length * 0.12) return true;
  if (count < 30) return false;
  return new Set(hashes.subarray(0, count)).size < count * 0.15;
}

const NONE: readonly number[] = [];
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

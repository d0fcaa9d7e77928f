import type { JsonValue } from '../../shared/llm/json.js';

/** What a result may have at most, as JSON text. Larger ones are cut and marked. */
const MAX_RESULT_BYTES = 64 * 1024;
/** Longest text kept whole when a result is too large. */
const CUT_TEXT_LENGTH = 4_000;
const CUT_LIST_LENGTH = 100;

/**
 * Makes a tool's result safe to store and to send: only what JSON can carry, no NUL, no lone surrogates, bounded. Throws
 * `TypeError` for what is no JSON (functions, cycles, bigint).
 */
export function toBoundedJson(value: unknown): JsonValue {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError('the result is no JSON');
  const clean =
    text.includes('\\u0000') || text.includes('\\ud')
      ? cleanDeep(JSON.parse(text) as JsonValue)
      : (JSON.parse(text) as JsonValue);
  if (Buffer.byteLength(text) <= MAX_RESULT_BYTES) return clean;
  const cut = cutDeep(clean);
  return Buffer.byteLength(JSON.stringify(cut)) <= MAX_RESULT_BYTES
    ? markCut(cut)
    : { truncated: true, text: JSON.stringify(clean).slice(0, CUT_TEXT_LENGTH).toWellFormed() };
}

function cleanDeep(value: JsonValue): JsonValue {
  return mapDeep(value, (text) => text.replaceAll('\u0000', '').toWellFormed());
}

function cutDeep(value: JsonValue): JsonValue {
  if (typeof value === 'string')
    return value.length > CUT_TEXT_LENGTH ? `${value.slice(0, CUT_TEXT_LENGTH).toWellFormed()}…` : value;
  if (Array.isArray(value)) return value.slice(0, CUT_LIST_LENGTH).map(cutDeep);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .slice(0, CUT_LIST_LENGTH)
        .map(([key, member]) => [key, cutDeep(member)]),
    );
  }
  return value;
}

function markCut(value: JsonValue): JsonValue {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? { ...value, truncated: true }
    : { truncated: true, value };
}

function mapDeep(value: JsonValue, change: (text: string) => string): JsonValue {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapDeep(item, change));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [change(key), mapDeep(member, change)]),
    );
  }
  return value;
}

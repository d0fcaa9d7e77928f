import { TextDecoder } from 'node:util';
import type { JsonValue } from '../../../shared/llm/json.js';
import type { Scrubber } from './scrub-secrets.js';

/** What an API answered, as far as a model can read it. */
export type ReadBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly value: JsonValue }
  | { readonly kind: 'text'; readonly text: string; readonly isTruncated: boolean }
  | {
      readonly kind: 'binary';
      readonly mimeType: string;
      readonly bytes: number;
      readonly isTruncated: boolean;
    };

export interface RawBody {
  readonly contentType: string | null;
  readonly bytes: Uint8Array;
  /** The rest was not read. */
  readonly isTruncated: boolean;
}

const MAX_JSON_DEPTH = 64;
const UNKNOWN_TYPE = 'application/octet-stream';
const JSON_TYPE = /^(application|text)\/([\w.-]+\+)?json$/;
const TEXT_TYPE =
  /^(text\/.*|application\/(.*\+)?(xml|yaml|json|x-ndjson|jsonl|javascript|x-www-form-urlencoded|x-yaml|toml|graphql|sql))$/;

/** Never throws: what cannot be read as JSON is text, and what is no text is told by its type and size. */
export function readBody({ contentType, bytes, isTruncated }: RawBody, scrubber: Scrubber): ReadBody {
  if (bytes.length === 0) return { kind: 'none' };
  const declared = /^\s*([\w.+-]{1,60}\/[\w.+-]{1,100})/.exec(contentType ?? '')?.[1]?.toLowerCase();
  const text = decode(
    bytes,
    contentType,
    declared === undefined || TEXT_TYPE.test(declared) || JSON_TYPE.test(declared),
  );
  if (text === undefined) {
    const mimeType = scrubber.text(declared ?? UNKNOWN_TYPE);
    return { kind: 'binary', mimeType, bytes: bytes.length, isTruncated };
  }
  if (!isTruncated && (declared === undefined || JSON_TYPE.test(declared))) {
    const value = parseJson(text);
    if (value !== undefined) return { kind: 'json', value: scrubber.json(value) };
  }
  // Half a secret at the cut would not be found.
  const whole = isTruncated ? text.slice(0, Math.max(0, text.length - scrubber.maxFormLength)) : text;
  return { kind: 'text', text: scrubber.text(whole).toWellFormed(), isTruncated };
}

/** `undefined` when it is no text, whatever was declared. */
function decode(bytes: Uint8Array, contentType: string | null, isText: boolean): string | undefined {
  if (!isText) return undefined;
  const charset = /;\s*charset="?([\w.:-]{1,40})/i.exec(contentType ?? '')?.[1] ?? 'utf-8';
  const text = decoderFor(charset).decode(bytes);
  return text.includes('\u0000') ? undefined : text;
}

function decoderFor(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}

function parseJson(text: string): JsonValue | undefined {
  if (isDeeperThan(text, MAX_JSON_DEPTH)) return undefined;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** What is parsed is walked through recursively later. */
function isDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      for (at += 1; at < text.length && text.charCodeAt(at) !== 0x22; at += 1) {
        if (text.charCodeAt(at) === 0x5c) at += 1;
      }
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (code === 0x7d || code === 0x5d) {
      depth -= 1;
    }
  }
  return false;
}

import type { JsonValue } from '../../../shared/llm/json.js';

export const SCRUBBED = '[redacted]';

/** Strikes secrets out of what others wrote, in the forms in which an API might send them back. */
export interface Scrubber {
  /** The longest form of a secret: of a text that was cut off, so much at its end may be half a secret. */
  readonly maxFormLength: number;
  text(text: string): string;
  /** Names and values, at any depth. The value is bounded and was made by `JSON.parse`. */
  json(value: JsonValue): JsonValue;
}

/** Forms shorter than this would strike out what stands there by chance. */
const MIN_FORM_LENGTH = 6;

export function createScrubber(secrets: readonly string[]): Scrubber {
  const forms = [...new Set(secrets.flatMap(formsOf))]
    .filter((form) => form.length >= MIN_FORM_LENGTH)
    .sort((a, b) => b.length - a.length);
  if (forms.length === 0) return { maxFormLength: 0, text: (text) => text, json: (value) => value };
  // Case does not matter in percent and hex encodings; for the others it is one attempt at hiding less.
  const pattern = new RegExp(forms.map((form) => escapeRegExp(form)).join('|'), 'gi');
  const text = (given: string): string => given.replace(pattern, SCRUBBED);
  const json = (value: JsonValue): JsonValue => {
    if (typeof value === 'string') return text(value);
    if (typeof value === 'number') return text(String(value)) === String(value) ? value : SCRUBBED;
    if (Array.isArray(value)) return value.map(json);
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [text(key), json(member)]));
    }
    return value;
  };
  return { maxFormLength: forms[0]!.length, text, json };
}

function formsOf(secret: string): string[] {
  const plain = [secret, ...basicParts(secret)];
  return plain.flatMap((each) => {
    const percent = encodeURIComponent(each);
    const strict = percent.replace(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16)}`);
    const html = each
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;');
    return [
      each,
      each.trim(),
      percent,
      strict,
      strict.replaceAll('%20', '+'),
      encodeURIComponent(strict),
      JSON.stringify(each).slice(1, -1),
      html,
      html.replaceAll("'", '&#39;'),
      Buffer.from(each).toString('hex'),
      [...each].toReversed().join(''),
      ...base64Forms(each),
    ];
  });
}

/** The middle of the secret's base64 wherever it starts in a longer text: the first and last letters mix with what is around. */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
    const letters = bytes.toString('base64').replace(/=+$/, '');
    const inside = letters.slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
    return [inside, inside.replaceAll('+', '-').replaceAll('/', '_'), encodeURIComponent(inside)];
  });
}

/** Basic authentication carries `user:password` as base64: an API may answer with either. */
function basicParts(secret: string): string[] {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(secret)) return [];
  const decoded = Buffer.from(secret, 'base64').toString('utf8');
  if (!/^[\x20-\x7e]+:[\x20-\x7e]+$/.test(decoded)) return [];
  return [decoded, decoded.slice(decoded.indexOf(':') + 1)];
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

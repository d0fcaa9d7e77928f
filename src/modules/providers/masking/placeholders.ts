import { createHmac } from 'node:crypto';
import type { JsonValue } from '../../../shared/llm/json.js';
import type { PersonalDataKind } from '../../../config/personal-data.js';
import { findPersonalData } from './personal-data.js';

/** Digits of the hash: no two values of a conversation get the same. */
const HASH_LENGTH = 12;
export const MAX_PLACEHOLDER = 'email'.length + HASH_LENGTH + 3;
export const PLACEHOLDER = /<[a-z]{2,5}_[0-9a-f]{12}>/g;

export interface MaskOptions {
  readonly key: Buffer;
  readonly kinds: ReadonlySet<PersonalDataKind>;
  /** ISO 3166 of phone numbers that are written without a country's prefix. */
  readonly phoneCountry: string | undefined;
}

/** What stands for what, of one request. */
export type Originals = Map<string, string>;

/**
 * Puts placeholders in place of personal data. The same value of the same scope has the same one, always: requests begin
 * alike, and nothing has to be remembered.
 */
export class Placeholders {
  constructor(private readonly options: MaskOptions) {}

  /** Notes in `originals` what was replaced. */
  inText(text: string, scope: string, originals: Originals): string {
    const { kinds, phoneCountry } = this.options;
    let masked = '';
    let end = 0;
    for (const value of findPersonalData(text, kinds, phoneCountry)) {
      const original = text.slice(value.start, value.end);
      const placeholder = this.placeholderOf(value.kind, original, scope);
      originals.set(placeholder, original);
      masked += text.slice(end, value.start) + placeholder;
      end = value.end;
    }
    return masked + text.slice(end);
  }

  /** In all strings, names of members and numbers of a value. */
  inJson(value: JsonValue, scope: string, originals: Originals): JsonValue {
    if (typeof value === 'string') return this.inText(value, scope, originals);
    if (typeof value === 'number') {
      const masked = this.inText(String(value), scope, originals);
      return masked === String(value) ? value : masked;
    }
    if (Array.isArray(value)) return value.map((item: JsonValue) => this.inJson(item, scope, originals));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        this.inText(name, scope, originals),
        this.inJson(item, scope, originals),
      ]),
    );
  }

  private placeholderOf(kind: PersonalDataKind, value: string, scope: string): string {
    const hash = createHmac('sha256', this.options.key).update(`${scope}\n${kind}\n${value}`).digest('hex');
    return `<${kind}_${hash.slice(0, HASH_LENGTH)}>`;
  }
}

export function restoreText(text: string, originals: Originals): string {
  return text.replace(PLACEHOLDER, (placeholder) => originals.get(placeholder) ?? placeholder);
}

export function restoreJson(value: JsonValue, originals: Originals): JsonValue {
  if (typeof value === 'string') return restoreText(value, originals);
  if (Array.isArray(value)) return value.map((item: JsonValue) => restoreJson(item, originals));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [restoreText(name, originals), restoreJson(item, originals)]),
  );
}

/** Restores a text that comes in pieces: what may be the beginning of a placeholder waits. */
export class TextRestorer {
  private held = '';

  constructor(private readonly originals: Originals) {}

  push(delta: string): string {
    const text = this.held + delta;
    const open = text.lastIndexOf('<');
    const waits = open >= 0 && text.length - open < MAX_PLACEHOLDER && /^<[a-z0-9_]*$/.test(text.slice(open));
    this.held = waits ? text.slice(open) : '';
    return restoreText(waits ? text.slice(0, open) : text, this.originals);
  }

  end(): string {
    const rest = this.held;
    this.held = '';
    return rest;
  }
}

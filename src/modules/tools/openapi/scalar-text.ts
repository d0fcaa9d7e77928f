import type { JsonValue } from '../../../shared/llm/json.js';
import { ArgumentFault } from './argument-fault.js';

/** A string, number or boolean as it stands in a URL or a header, not yet encoded. Throws `ArgumentFault`. */
export function scalarText(member: string, value: JsonValue): string {
  if (typeof value === 'object') {
    throw new ArgumentFault(member, value === null ? 'must not be null' : 'must not be nested');
  }
  const text = String(value);
  if (!text.isWellFormed() || /\p{Cc}/u.test(text)) {
    throw new ArgumentFault(member, 'must not contain control characters or broken Unicode');
  }
  return text;
}

import { createHash } from 'node:crypto';
import { canonicalJson } from '../../shared/llm/canonical-json.js';
import type { JsonValue } from '../../shared/llm/json.js';

/** What a yes is bound to: this user, this tool, these arguments. Hexadecimal. */
export function callHash(userId: string, toolName: string, input: JsonValue): string {
  return createHash('sha256')
    .update(canonicalJson([userId, toolName, input]))
    .digest('hex');
}

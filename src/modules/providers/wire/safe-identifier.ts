import { createHash } from 'node:crypto';

const HASH_LENGTH = 8;

/**
 * An id or a name as strict vendors take it: letters, digits, `_` and `-`, at most `maxLength` of them. Models invent
 * names and servers invent ids that other vendors refuse. Good ones stay; others are cleaned, and a hash keeps them apart.
 */
export function safeIdentifier(text: string, maxLength: number): string {
  if (text !== '' && text.length <= maxLength && /^[a-zA-Z0-9_-]+$/.test(text)) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
  const clean = text.slice(0, maxLength - HASH_LENGTH - 1).replace(/[^a-zA-Z0-9_-]/g, '_');
  return `${clean}_${hash}`;
}

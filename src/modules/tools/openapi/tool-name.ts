import { createHash } from 'node:crypto';

const MAX_LENGTH = 64;
const HASH_LENGTH = 8;

/** `<prefix>_<operation>` in the characters and the length that vendors take. The same for the same id, always. */
export function toolName(prefix: string, operation: string): string {
  const plain = operation.replace(/[^a-zA-Z0-9_-]+/g, '_').replace(/^_+|_+$/g, '');
  const name = `${prefix}_${plain || 'operation'}`;
  if (name.length <= MAX_LENGTH) return name;
  const hash = createHash('sha256').update(operation).digest('hex').slice(0, HASH_LENGTH);
  return `${name.slice(0, MAX_LENGTH - HASH_LENGTH - 1)}_${hash}`;
}

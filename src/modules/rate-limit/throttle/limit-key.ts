import { createHash } from 'node:crypto';

/** A key in Redis, of bounded length and without anybody's email or address in it. */
export function limitKey(kind: string, whose: string): string {
  return `perch:limit:{${kind}:${createHash('sha256').update(whose).digest('base64url')}}`;
}

import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Permission } from '../../../shared/context/principal.js';

const PREFIX = 'pk_';
const RANDOM_BYTES = 32;
/** `pk_<8 hex>_<43 base64url><8 hex>`: what it begins with, 256 random bits, and a checksum over both. */
const FORM = /^(pk_[0-9a-f]{8}_[A-Za-z0-9_-]{43})([0-9a-f]{8})$/;

/** An API key as its owner sees it. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  /** What the key begins with: enough to know it again, and no part of the secret. */
  readonly prefix: string;
  readonly scopes: readonly Permission[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** To the minute. */
  readonly lastUsedAt: Date | null;
}

/** A key that was just made: the only moment at which it is known. */
export interface MintedKey {
  readonly key: string;
  readonly prefix: string;
  readonly hash: Buffer;
}

export function mintKey(): MintedKey {
  const prefix = `${PREFIX}${randomBytes(4).toString('hex')}`;
  const body = `${prefix}_${randomBytes(RANDOM_BYTES).toString('base64url')}`;
  const key = `${body}${checksum(body)}`;
  return { key, prefix, hash: hashOfKey(key) };
}

/** Whether the text could be a key at all: most of what could not be needs no look into the database. */
export function isApiKey(text: string): boolean {
  const match = FORM.exec(text);
  return match !== null && checksum(match[1]!) === match[2];
}

/** Whether somebody means it as one. */
export function looksLikeApiKey(text: string): boolean {
  return text.startsWith(PREFIX);
}

export function hashOfKey(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}

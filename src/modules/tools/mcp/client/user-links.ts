import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Secret } from '../../../../config/secret.js';
import type { McpClient } from './mcp-client.js';

const MAX_CONNECTIONS = 32;
const IDLE_MS = 5 * 60_000;

/** Connections of single users to one server, each with the user's own credential. Few, and not for long. */
export class UserLinks {
  private readonly closed = new AbortController();
  private readonly links: LRUCache<string, Promise<McpClient>>;

  constructor(private readonly connect: (credential: Secret, signal: AbortSignal) => Promise<McpClient>) {
    this.links = new LRUCache({
      max: MAX_CONNECTIONS,
      ttl: IDLE_MS,
      ttlAutopurge: true,
      updateAgeOnGet: true,
      dispose: (link) => void link.then((client) => client.retire()).catch(() => undefined),
    });
  }

  /** Throws `McpFailure`. */
  async client(userId: string, credential: Secret): Promise<McpClient> {
    // The credential is part of the key: a new one never goes over the old one's connection.
    const key = keyOf(userId, credential);
    const known = this.links.get(key);
    if (known) return known;
    const link = this.connect(credential, this.closed.signal);
    this.links.set(key, link);
    link.catch(() => this.links.peek(key) === link && this.links.delete(key));
    return link;
  }

  forget(userId: string, credential: Secret): void {
    this.links.delete(keyOf(userId, credential));
  }

  async close(): Promise<void> {
    this.closed.abort();
    const open = [...this.links.values()];
    await Promise.allSettled(open.map(async (link) => (await link).close()));
    this.links.clear();
  }
}

function keyOf(userId: string, credential: Secret): string {
  return `${userId} ${createHash('sha256').update(credential.reveal()).digest('base64url')}`;
}

import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { ApiKeyRepository } from './api-key.repository.js';

const MINUTE_MS = 60_000;
const MAX_KNOWN_KEYS = 10_000;

/** Notes when a key was last used: at most once a minute for each, beside the request and never before its answer. */
@Injectable()
export class KeyUsage implements OnApplicationShutdown {
  private readonly notedAtMs = new LRUCache<string, number>({ max: MAX_KNOWN_KEYS });
  private readonly writing = new Set<Promise<void>>();

  constructor(
    private readonly keys: ApiKeyRepository,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly logger: PinoLogger,
  ) {}

  note(userId: string, keyId: string): void {
    const nowMs = this.clock.monotonicMs();
    const lastMs = this.notedAtMs.get(keyId);
    if (lastMs !== undefined && nowMs - lastMs < MINUTE_MS) return;
    this.notedAtMs.set(keyId, nowMs);
    const write = this.write(userId, keyId);
    this.writing.add(write);
    void write.finally(() => this.writing.delete(write));
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.writing);
  }

  private async write(userId: string, keyId: string): Promise<void> {
    const now = this.clock.now();
    try {
      await this.keys.touch(userId, keyId, now, new Date(now.getTime() - MINUTE_MS));
    } catch (error) {
      this.logger.debug({ event: 'auth.key_use_not_noted', key_id: keyId, err: error });
    }
  }
}

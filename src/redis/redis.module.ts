import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { PinoLogger } from 'nestjs-pino';
import { DatabaseConfig } from '../config/app-config.js';

/** An ioredis client, or null when REDIS_URL is not set. */
export const REDIS = Symbol('REDIS');

/** A second connection, which only listens; null when there is no Redis. */
export const REDIS_SUBSCRIBER = Symbol('REDIS_SUBSCRIBER');

const COMMAND_TIMEOUT_MS = 1_000;
const MAX_RECONNECT_DELAY_MS = 2_000;

async function createRedis(config: DatabaseConfig, logger: PinoLogger): Promise<Redis | null> {
  if (!config.redisUrl) return null;
  // Loaded only where it is used: the driver takes some 12 MB.
  const { Redis: Client } = await import('ioredis');
  const redis = new Client(config.redisUrl.reveal(), {
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    // A command while Redis is away fails at once instead of waiting in an unbounded queue.
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RECONNECT_DELAY_MS),
  });
  let isDown = false;
  redis.on('error', (error: Error) => {
    if (!isDown) logger.error({ event: 'redis.lost', err: error });
    isDown = true;
  });
  redis.on('ready', () => {
    logger.info({ event: isDown ? 'redis.back' : 'redis.ready' });
    isDown = false;
  });
  return redis;
}

/** Commands and subscriptions cannot share a connection. What the first one logs is enough. */
function createSubscriber(redis: Redis | null): Redis | null {
  const subscriber = redis?.duplicate() ?? null;
  subscriber?.on('error', () => undefined);
  return subscriber;
}

/** The process starts and lives without Redis; readiness says when it is away. */
@Global()
@Module({
  providers: [
    { provide: REDIS, inject: [DatabaseConfig, PinoLogger], useFactory: createRedis },
    { provide: REDIS_SUBSCRIBER, inject: [REDIS], useFactory: createSubscriber },
  ],
  exports: [REDIS, REDIS_SUBSCRIBER],
})
export class RedisModule implements OnApplicationShutdown {
  constructor(
    @Inject(REDIS) private readonly redis: Redis | null,
    @Inject(REDIS_SUBSCRIBER) private readonly subscriber: Redis | null,
  ) {}

  onApplicationShutdown(): void {
    this.redis?.disconnect();
    this.subscriber?.disconnect();
  }
}

import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis, RedisOptions } from 'ioredis';
import { PinoLogger } from 'nestjs-pino';
import { DatabaseConfig } from '../config/app-config.js';

/** An ioredis client, or null when REDIS_URL is not set. */
export const REDIS = Symbol('REDIS');

/** A second connection, which only listens; null when there is no Redis. */
export const REDIS_SUBSCRIBER = Symbol('REDIS_SUBSCRIBER');

/** Whatever Redis is asked, there is a way to go on without the answer: nobody waits long. See `patient-redis.ts`. */
const CONNECT_TIMEOUT_MS = 250;
const MAX_RECONNECT_DELAY_MS = 1_000;
const KEEP_ALIVE_MS = 10_000;

/** After a failover these are the answers of the old server: a new connection leads to the one that took its place. */
const ASK_ELSEWHERE = /^(READONLY|MASTERDOWN|UNBLOCKED)\b/;

const OPTIONS: RedisOptions = {
  connectTimeout: CONNECT_TIMEOUT_MS,
  disconnectTimeout: CONNECT_TIMEOUT_MS,
  // Also notices a server that vanished without a word while nobody asked it anything, as a subscriber does not.
  keepAlive: KEEP_ALIVE_MS,
  // No waiting and no repetition behind the caller's back: a command that cannot be sent or was not answered fails.
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  // Done by whoever subscribed: the driver's own has nobody to catch its failure, which would end the process.
  autoResubscribe: false,
  disableClientInfo: true,
  maxLoadingRetryTime: MAX_RECONNECT_DELAY_MS,
  retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RECONNECT_DELAY_MS),
  reconnectOnError: (error) => ASK_ELSEWHERE.test(error.message),
};

async function createRedis(config: DatabaseConfig, logger: PinoLogger): Promise<Redis | null> {
  if (!config.redisUrl) return null;
  // Loaded only where it is used: the driver takes some 12 MB.
  const { PatientRedis } = await import('./patient-redis.js');
  const redis = new PatientRedis(config.redisUrl.reveal(), OPTIONS);
  let state: 'new' | 'ready' | 'lost' = 'new';
  redis.on('error', (error: Error) => {
    if (state !== 'lost') logger.error({ event: 'redis.lost', err: error });
    state = 'lost';
  });
  redis.on('ready', () => {
    // A connection that we gave up ourselves was not lost.
    if (state !== 'ready') logger.info({ event: state === 'lost' ? 'redis.back' : 'redis.ready' });
    state = 'ready';
  });
  return redis;
}

/** Commands and subscriptions cannot share a connection. What the first one logs is enough. */
async function createSubscriber(config: DatabaseConfig): Promise<Redis | null> {
  if (!config.redisUrl) return null;
  const { PatientRedis } = await import('./patient-redis.js');
  const subscriber = new PatientRedis(config.redisUrl.reveal(), OPTIONS);
  subscriber.on('error', () => undefined);
  return subscriber;
}

/** The process starts and lives without Redis; readiness says when it is away. */
@Global()
@Module({
  providers: [
    { provide: REDIS, inject: [DatabaseConfig, PinoLogger], useFactory: createRedis },
    { provide: REDIS_SUBSCRIBER, inject: [DatabaseConfig], useFactory: createSubscriber },
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

import { connectTestDatabase, createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { testRedisUrl } from '../servers/test-redis.js';
import { ApiClient, registerUser } from './api-client.js';
import { Replica } from './replica.js';
import { SideEffects } from './side-effects.js';
import { TEST_ENVIRONMENT } from './test-perch.js';

type Environment = Readonly<Record<string, string>>;

export interface ReplicasOptions {
  readonly count: number;
  /** On top of `TEST_ENVIRONMENT`; a function when the replicas differ. */
  readonly env?: Environment | ((index: number) => Environment);
  /** Default: the Redis of this run, if there is one. `null`: none. */
  readonly redisUrl?: string | null;
  /** Default: a fresh database, dropped at the end. One that is given is left alone. */
  readonly databaseUrl?: string;
}

/** One account, known to all replicas. */
export interface ReplicaUser {
  readonly token: string;
  on(replica: Replica): ApiClient;
}

/** For `beforeAll` and tests with several processes, which take longer than Jest's five seconds. */
export const REPLICAS_TIMEOUT_MS = 60_000;

/** Several processes of the built application over one database and one Redis. */
export class Replicas {
  constructor(
    readonly all: readonly Replica[],
    readonly database: TestDatabase,
    /** What the test tools of all replicas did. */
    readonly effects: SideEffects,
  ) {}

  /** Registers an account of its own. */
  async user(): Promise<ReplicaUser> {
    const living = this.all.find((replica) => replica.isAlive);
    if (!living) throw new Error('No replica lives.');
    const { token } = await registerUser(living.url);
    return { token: token!, on: ({ url }) => new ApiClient(url, token) };
  }

  /** Kills what lives and drops the database. */
  async stop(): Promise<void> {
    await Promise.all(this.all.map((replica) => replica.kill9()));
    await this.database.drop();
    this.effects.remove();
  }
}

/**
 * Starts `count` replicas at once. They share a signing secret, so a token is good on each of them; leases are short, so
 * that a takeover does not take long. Their `append_line`, `idempotent_line` and `hang` tools are in replica-main.mjs.
 */
export async function startReplicas(options: ReplicasOptions): Promise<Replicas> {
  const { count, env = {}, databaseUrl, redisUrl = testRedisUrl() } = options;
  const database = await (databaseUrl === undefined
    ? createTestDatabase()
    : connectTestDatabase(databaseUrl));
  const effects = new SideEffects();
  const starting = Array.from({ length: count }, (_, index) =>
    Replica.start({
      folder: effects.folder,
      env: {
        ...TEST_ENVIRONMENT,
        LOG_LEVEL: 'info',
        DATABASE_URL: database.url,
        DATABASE_POOL_SIZE: '5',
        PERCH_LEASE_SECONDS: '3',
        PERCH_TEST_EFFECTS_FILE: effects.file,
        ...(redisUrl ? { REDIS_URL: redisUrl } : {}),
        ...(typeof env === 'function' ? env(index) : env),
      },
    }),
  );
  const settled = await Promise.allSettled(starting);
  const started = settled.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const replicas = new Replicas(started, database, effects);
  const failed = settled.find((start) => start.status === 'rejected');
  if (failed) {
    await replicas.stop();
    throw failed.reason;
  }
  return replicas;
}

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../../src/database/embedded/embedded-postgres.js';
import { createTemplate } from './template-database.js';
import { findRedis } from './find-redis.js';
import { findPostgres, POSTGRES_VARIABLE, REDIS_VARIABLE } from './test-servers.js';
import { stopLater } from './started.js';

/** Makes a PostgreSQL server (and Redis, where there is one) known to the tests. Runs once, whichever project asks first. */
export default async function start(): Promise<void> {
  if (process.env[POSTGRES_VARIABLE]) return;
  let url = await findPostgres();
  if (url === undefined) {
    const embedded = await startEmbeddedPostgres({
      dataDir: mkdtempSync(join(tmpdir(), 'perch-test-')),
      logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    });
    stopLater(() => embedded.stop());
    url = embedded.url;
  }
  process.env[POSTGRES_VARIABLE] = url;
  await createTemplate(url);

  const redis = await findRedis();
  if (redis) process.env[REDIS_VARIABLE] = redis;
  else if (process.env.PERCH_TEST_REQUIRE_SERVERS === 'true')
    throw new Error('The tests need Redis, and there is none.');
  else process.stdout.write('\nNo Redis here: the suites that need it are left out.\n');
}

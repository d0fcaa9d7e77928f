import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPostgres, findRedis, findRedisServer } from './find-servers.mjs';
import { onServer, withDatabase } from './on-server.mjs';
import { stopLater } from './started.mjs';
import { POSTGRES_VARIABLE, REDIS_VARIABLE, TEMPLATE_VARIABLE } from './variables.mjs';

const DIST = new URL('../../../dist/', import.meta.url);

/**
 * Makes a PostgreSQL server (and Redis, where there is one) known to the tests, and one migrated database that all test
 * databases are copied from. Runs once, whichever project of the run asks first.
 */
export default async function start() {
  if (process.env[POSTGRES_VARIABLE]) return;
  if (!existsSync(new URL('main.js', DIST))) {
    throw new Error('These tests start the built application too. Run: npm run build');
  }
  let url = await findPostgres();
  if (url === undefined) {
    const { startEmbeddedPostgres } = await import(
      new URL('database/embedded/embedded-postgres.js', DIST).href
    );
    const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const embedded = await startEmbeddedPostgres({
      dataDir: mkdtempSync(join(tmpdir(), 'perch-test-')),
      logger: quiet,
    });
    stopLater(() => embedded.stop());
    url = embedded.url;
  }
  process.env[POSTGRES_VARIABLE] = url;
  process.env[TEMPLATE_VARIABLE] = await createTemplate(url);

  const redis = await findRedis();
  if (redis) process.env[REDIS_VARIABLE] = redis;
  else leaveOut('Redis');
  if (findRedisServer() === undefined) leaveOut('redis-server on the PATH');
}

function leaveOut(missing) {
  if (process.env.PERCH_TEST_REQUIRE_SERVERS === 'true')
    throw new Error(`The tests need ${missing}, and there is none.`);
  process.stdout.write(`\nNo ${missing} here: what needs it is left out.\n`);
}

async function createTemplate(serverUrl) {
  const { createDataSource } = await import(new URL('database/data-source.js', DIST).href);
  const { migrate } = await import(new URL('database/migrate.js', DIST).href);
  const name = `perch_template_${process.pid}_${Date.now().toString(36)}`;
  await onServer(serverUrl, (client) => client.query(`CREATE DATABASE ${name}`));
  stopLater(() =>
    onServer(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  );
  const dataSource = await createDataSource({ url: withDatabase(serverUrl, name), poolSize: 2 }).initialize();
  await migrate(dataSource);
  await dataSource.destroy();
  return name;
}

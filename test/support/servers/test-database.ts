import type { DataSource } from 'typeorm';
import { createDataSource, type DataSourceSettings } from '../../../src/database/data-source.js';
import { onServer, withDatabase } from './on-server.mjs';
import { POSTGRES_VARIABLE, TEMPLATE_VARIABLE } from './variables.mjs';

export interface TestDatabase {
  readonly url: string;
  /** Connected and migrated. */
  readonly dataSource: DataSource;
  /** Closes the connections and removes the database. */
  drop(): Promise<void>;
}

let count = 0;

/** A fresh, migrated database of its own. `entities` for suites that use TypeORM's repositories. */
export async function createTestDatabase(entities?: DataSourceSettings['entities']): Promise<TestDatabase> {
  const { [TEMPLATE_VARIABLE]: template, [POSTGRES_VARIABLE]: serverUrl } = process.env;
  if (!template || !serverUrl)
    throw new Error('This suite needs the servers of the global setup: run it as `medium` or `e2e`.');
  count += 1;
  const name = `perch_test_${process.pid}_${Date.now().toString(36)}_${count}`;
  await onServer(serverUrl, async (client) => {
    // Copies of one template are made one at a time; workers wait for each other here.
    await client.query('SELECT pg_advisory_lock(71234)');
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  const url = withDatabase(serverUrl, name);
  const { dataSource } = await connectTestDatabase(url, entities);
  return {
    url,
    dataSource,
    async drop() {
      if (dataSource.isInitialized) await dataSource.destroy();
      await onServer(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

/** A database that is there already and belongs to somebody else: `drop` only closes the connections. */
export async function connectTestDatabase(
  url: string,
  entities?: DataSourceSettings['entities'],
): Promise<TestDatabase> {
  const settings = { url, poolSize: 5, ...(entities ? { entities } : {}) };
  const dataSource = await createDataSource(settings).initialize();
  return { url, dataSource, drop: () => dataSource.destroy() };
}

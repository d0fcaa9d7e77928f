import type { DataSource } from 'typeorm';
import { createDataSource, type DataSourceSettings } from '../../../src/database/data-source.js';
import { onServer, templateName, withDatabase } from './template-database.js';
import { POSTGRES_VARIABLE } from './test-servers.js';

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
  const template = templateName();
  const serverUrl = process.env[POSTGRES_VARIABLE]!;
  count += 1;
  const name = `perch_test_${process.pid}_${Date.now().toString(36)}_${count}`;
  await onServer(serverUrl, async (client) => {
    // Copies of one template are made one at a time; workers wait for each other here.
    await client.query('SELECT pg_advisory_lock(71234)');
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  const url = withDatabase(serverUrl, name);
  const dataSource = await createDataSource({
    url,
    poolSize: 5,
    ...(entities ? { entities } : {}),
  }).initialize();
  return {
    url,
    dataSource,
    async drop() {
      if (dataSource.isInitialized) await dataSource.destroy();
      await onServer(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

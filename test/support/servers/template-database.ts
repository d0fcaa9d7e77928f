import { Client } from 'pg';
import { createDataSource } from '../../../src/database/data-source.js';
import { migrate } from '../../../src/database/migrate.js';

const TEMPLATE_VARIABLE = 'PERCH_RUN_TEMPLATE';

/** One migrated database that all test databases of this run are copied from. */
export async function createTemplate(serverUrl: string): Promise<void> {
  const name = `perch_template_${process.pid}_${Date.now().toString(36)}`;
  await onServer(serverUrl, (client) => client.query(`CREATE DATABASE ${name}`));
  const dataSource = await createDataSource({ url: withDatabase(serverUrl, name), poolSize: 2 }).initialize();
  await migrate(dataSource);
  await dataSource.destroy();
  process.env[TEMPLATE_VARIABLE] = name;
}

export async function dropTemplate(serverUrl: string): Promise<void> {
  const name = process.env[TEMPLATE_VARIABLE];
  if (name)
    await onServer(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
}

export function templateName(): string {
  const name = process.env[TEMPLATE_VARIABLE];
  if (!name)
    throw new Error('This suite needs the servers of the global setup: run it as `medium` or `e2e`.');
  return name;
}

/** Runs `work` on the server's own database, one connection, always closed. */
export async function onServer<T>(serverUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export function withDatabase(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

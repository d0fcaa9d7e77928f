import { Client } from 'pg';
import type { AppConfig } from '../config/app-config.js';
import { Secret } from '../config/secret.js';
import { type EmbeddedPostgresLogger, startEmbeddedPostgres } from './embedded/embedded-postgres.js';

export interface OpenDatabase {
  readonly url: Secret;
  readonly isEmbedded: boolean;
  /** Stops the embedded server; does nothing to a given one. */
  stop(): Promise<void>;
}

const DATABASE = 'perch';

/** The configured database, or the embedded server when none is configured. */
export async function openDatabase(config: AppConfig, logger: EmbeddedPostgresLogger): Promise<OpenDatabase> {
  const given = config.database.url;
  if (given) return { url: given, isEmbedded: false, stop: async () => undefined };

  const server = await startEmbeddedPostgres({ dataDir: config.process.dataDir, logger });
  try {
    await createDatabaseOnce(server.url);
  } catch (error) {
    await server.stop();
    throw error;
  }
  const url = new URL(server.url);
  url.pathname = `/${DATABASE}`;
  return { url: new Secret(url.href), isEmbedded: true, stop: () => server.stop() };
}

async function createDatabaseOnce(maintenanceUrl: string): Promise<void> {
  const client = new Client({ connectionString: maintenanceUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

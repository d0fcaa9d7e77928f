import type { DataSource } from 'typeorm';
import type { Queries } from './control-connection.js';
import { MIGRATIONS } from './migrations/index.js';

/**
 * - `current`: what this build was made for
 * - `pending`: older; migrations have to run
 * - `newer`: a later build has been here, and this one must not touch it
 */
export type SchemaState = 'current' | 'pending' | 'newer';

/** One number for all processes of Perch, whatever else uses advisory locks in the database. */
const MIGRATION_LOCK = 7_234_119_001;
const LOCK_TIMEOUT_MS = 60_000;

/**
 * Brings the schema up to date. Several processes may start at once: they go one after the other, by an advisory lock
 * that is its own statement. Returns the names of the migrations that ran. Throws when a newer build has been here.
 */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  await runner.connect();
  try {
    await runner.query(`SET statement_timeout = ${LOCK_TIMEOUT_MS}`);
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    try {
      if ((await schemaState(dataSource)) === 'newer') throw new NewerSchemaError();
      const ran = await dataSource.runMigrations({ transaction: 'each' });
      return ran.map((migration) => migration.name);
    } finally {
      await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    }
  } finally {
    await runner.query('RESET statement_timeout').catch(() => undefined);
    await runner.release();
  }
}

/** Compares what ran in the database with what this build knows. */
export async function schemaState(database: Queries): Promise<SchemaState> {
  const [found] = await database.query<{ exists: boolean }>(
    `SELECT to_regclass('schema_migration') IS NOT NULL AS exists`,
  );
  if (!found?.exists) return 'pending';
  const rows = await database.query<{ name: string }>('SELECT name FROM schema_migration');
  const known = new Set(MIGRATIONS.map((migration) => migration.name));
  if (rows.some(({ name }) => !known.has(name))) return 'newer';
  return rows.length < known.size ? 'pending' : 'current';
}

export class NewerSchemaError extends Error {
  constructor() {
    super('The database has migrations that this build does not know: a newer version of Perch has used it.');
    this.name = 'NewerSchemaError';
  }
}

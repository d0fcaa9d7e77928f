import { readdirSync } from 'node:fs';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../../../src/database/data-source.js';
import { migrate, NewerSchemaError, schemaState } from '../../../src/database/migrate.js';
import { MIGRATIONS } from '../../../src/database/migrations/index.js';
import { createTestDatabase, type TestDatabase } from '../../support/servers/test-database.js';

const MODULES = new URL('../../../src/modules/', import.meta.url);

/** Every entity class of the application. */
async function entities(): Promise<(new () => object)[]> {
  const files = readdirSync(MODULES, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.entity.ts'),
  );
  const modules = await Promise.all(
    files.map((file) => import(new URL(file, MODULES).href) as Promise<Record<string, new () => object>>),
  );
  return modules.flatMap((module) => Object.values(module));
}

/** Tables, columns, indexes and constraints as PostgreSQL describes them. */
async function snapshot(dataSource: DataSource): Promise<unknown> {
  const columns = await dataSource.query(
    `SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
      WHERE table_schema = 'public' AND table_name <> 'schema_migration' ORDER BY 1, 2`,
  );
  const indexes = await dataSource.query(
    `SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'schema_migration' ORDER BY 1`,
  );
  const constraints = await dataSource.query(
    `SELECT conrelid::regclass::text AS relation, conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'schema_migration' ORDER BY 1, 2`,
  );
  return { columns, indexes, constraints };
}

describe('the migrations', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase(await entities());
  });
  afterEach(() => database.drop());

  it('go up, down and up again to the same schema, and leave nothing behind', async () => {
    const { dataSource } = database;
    const before = await snapshot(dataSource);
    for (const _ of MIGRATIONS) await dataSource.undoLastMigration({ transaction: 'each' });
    expect(await snapshot(dataSource)).toEqual({ columns: [], indexes: [], constraints: [] });
    expect(await schemaState(dataSource)).toBe('pending');
    expect(await migrate(dataSource)).toHaveLength(MIGRATIONS.length);
    expect(await snapshot(dataSource)).toEqual(before);
  });

  it('make exactly what the entities describe', async () => {
    const log = await database.dataSource.driver.createSchemaBuilder().log();
    expect(log.upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('run once when two processes start at the same time', async () => {
    const { dataSource, url } = database;
    for (const _ of MIGRATIONS) await dataSource.undoLastMigration({ transaction: 'each' });
    const other = await createDataSource({ url, poolSize: 2 }).initialize();
    const ran = await Promise.all([migrate(dataSource), migrate(other)]);
    await other.destroy();
    expect(ran.map((names) => names.length).sort()).toEqual([0, MIGRATIONS.length]);
    expect(await schemaState(dataSource)).toBe('current');
  });

  it('F35: refuse a database that a newer build has used', async () => {
    const { dataSource } = database;
    await dataSource.query(
      `INSERT INTO schema_migration (timestamp, name) VALUES (9999999999999, 'FromTheFuture9999999999999')`,
    );
    expect(await schemaState(dataSource)).toBe('newer');
    await expect(migrate(dataSource)).rejects.toThrow(NewerSchemaError);
  });
});

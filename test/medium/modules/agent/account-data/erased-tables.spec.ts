import {
  ACCOUNT_TABLE,
  ERASED_TABLES,
  KEPT_TABLES,
} from '../../../../../src/modules/agent/account-data/erased-tables.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';

describe('the tables that an erasure knows', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('are all that name a user, or belong to what does', async () => {
    const rows = await database.dataSource.query<{ name: string }[]>(
      `WITH RECURSIVE reached AS (
         SELECT 'user_account'::regclass::oid AS id
         UNION
         SELECT c.conrelid FROM pg_constraint c JOIN reached ON c.confrelid = reached.id WHERE c.contype = 'f')
       SELECT c.relname AS name FROM pg_class c JOIN reached ON c.oid = reached.id
       UNION
       SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name IN ('user_id', 'actor_id', 'account_id', 'email')`,
    );
    const known = [...Object.keys(ERASED_TABLES), ACCOUNT_TABLE, ...KEPT_TABLES].sort();
    // One that is missing here belongs into ERASED_TABLES, or with a reason into KEPT_TABLES.
    expect(rows.map(({ name }) => name).sort()).toEqual(known);
  });

  it('go with the account whatever an erasure names: every foreign key on the way cascades', async () => {
    const rows = await database.dataSource.query<{ name: string }[]>(
      `WITH RECURSIVE reached AS (
         SELECT 'user_account'::regclass::oid AS id
         UNION
         SELECT c.conrelid FROM pg_constraint c JOIN reached ON c.confrelid = reached.id WHERE c.contype = 'f')
       SELECT c.conname AS name FROM pg_constraint c JOIN reached ON c.confrelid = reached.id
        WHERE c.contype = 'f' AND c.confdeltype <> 'c' AND c.conrelid::regclass::text <> ALL ($1)`,
      [KEPT_TABLES],
    );
    expect(rows).toEqual([]);
  });
});

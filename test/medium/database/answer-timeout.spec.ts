import { createDataSource } from '../../../src/database/data-source.js';
import { asUnavailable } from '../../../src/shared/errors/dependency-errors.js';
import { createTestDatabase, type TestDatabase } from '../../support/servers/test-database.js';

describe('a database that does not answer', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('is not waited for longer than the timeout, counts as unavailable, and serves again afterwards', async () => {
    const dataSource = await createDataSource({
      url: database.url,
      poolSize: 1,
      answerTimeoutMs: 150,
    }).initialize();
    try {
      const error: unknown = await dataSource
        .query('SELECT pg_sleep(0.4)')
        .catch((caught: unknown) => caught);
      expect(asUnavailable(error)).toMatchObject({ code: 'dependency_unavailable' });
      // The one connection is still busy with what nobody waits for any more.
      let rows: unknown;
      for (let attempt = 0; attempt < 10 && rows === undefined; attempt += 1) {
        rows = await dataSource.query('SELECT 1 AS one').catch(() => undefined);
      }
      expect(rows).toEqual([{ one: 1 }]);
    } finally {
      await dataSource.destroy();
    }
  });
});

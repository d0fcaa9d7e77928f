import type { DataSource, EntityManager } from 'typeorm';
import { RetryingDataSource } from '../../../src/database/retrying-data-source.js';
import {
  connectTestDatabase,
  createTestDatabase,
  type TestDatabase,
} from '../../support/servers/test-database.js';

/** Resolves for everybody once all `count` have arrived; later ones pass. */
function meetingOf(count: number): () => Promise<void> {
  let arrived = 0;
  let open!: () => void;
  const isOpen = new Promise<void>((resolve) => (open = resolve));
  return () => {
    arrived += 1;
    if (arrived === count) open();
    return isOpen;
  };
}

describe(RetryingDataSource.name, () => {
  let database: TestDatabase;
  let bystander: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createTestDatabase();
    bystander = await connectTestDatabase(database.url);
    dataSource = database.dataSource;
    await dataSource.query('CREATE TABLE account (id integer PRIMARY KEY, balance integer NOT NULL)');
    // A sequence counts tries even where everything else is undone.
    await dataSource.query('CREATE SEQUENCE tries');
    await dataSource.query(`
      CREATE FUNCTION fail(times integer, code text) RETURNS bigint LANGUAGE plpgsql AS $$
      DECLARE try bigint := nextval('tries');
      BEGIN
        IF try <= times THEN RAISE EXCEPTION 'try %', try USING ERRCODE = code; END IF;
        RETURN try;
      END $$`);
  });
  afterAll(async () => {
    await bystander.drop();
    await database.drop();
  });
  beforeEach(async () => {
    await dataSource.query('TRUNCATE account');
    await dataSource.query('INSERT INTO account VALUES (1, 0), (2, 0)');
    await dataSource.query('ALTER SEQUENCE tries RESTART');
  });

  async function balances(): Promise<number[]> {
    const rows = await dataSource.query<{ balance: number }[]>('SELECT balance FROM account ORDER BY id');
    return rows.map(({ balance }) => balance);
  }

  async function tries(): Promise<number> {
    const [row] = await dataSource.query<{ last_value: string }[]>('SELECT last_value FROM tries');
    return Number(row!.last_value);
  }

  it('lets both of two transactions that deadlock succeed', async () => {
    let attempts = 0;
    const meet = meetingOf(2);
    const transfer = (from: number, to: number) => async (manager: EntityManager) => {
      attempts += 1;
      await manager.query(`SET LOCAL deadlock_timeout = '20ms'`);
      await manager.query('UPDATE account SET balance = balance - 1 WHERE id = $1', [from]);
      await meet();
      await manager.query('UPDATE account SET balance = balance + 1 WHERE id = $1', [to]);
      return from;
    };
    const done = await Promise.all([
      dataSource.transaction(transfer(1, 2)),
      dataSource.transaction(transfer(2, 1)),
    ]);
    expect(done).toEqual([1, 2]);
    expect(attempts).toBe(3);
    expect(await balances()).toEqual([0, 0]);
  });

  /** Somebody else always changes the row between our look and our write. */
  const raced = (times: number, onAttempt: () => void) => {
    let attempts = 0;
    return async (manager: EntityManager): Promise<void> => {
      onAttempt();
      attempts += 1;
      await manager.query('SELECT balance FROM account WHERE id = 1');
      if (attempts <= times)
        await bystander.dataSource.query('UPDATE account SET balance = balance + 10 WHERE id = 1');
      await manager.query('UPDATE account SET balance = balance + 1 WHERE id = 1');
    };
  };

  it('repeats a transaction that cannot be serialized, and what it did counts once', async () => {
    let attempts = 0;
    await dataSource.transaction(
      'REPEATABLE READ',
      raced(3, () => (attempts += 1)),
    );
    expect(attempts).toBe(4);
    expect(await balances()).toEqual([31, 0]);
  });

  it('says so after three retries', async () => {
    let attempts = 0;
    await expect(
      dataSource.transaction(
        'SERIALIZABLE',
        raced(100, () => (attempts += 1)),
      ),
    ).rejects.toMatchObject({ driverError: { code: '40001' } });
    expect(attempts).toBe(4);
    expect(await balances()).toEqual([40, 0]);
  });

  it.each(['40001', '40P01'])('repeats a statement that the server gave up with %s', async (code) => {
    const rows = await dataSource.query('SELECT fail($1, $2) AS try', [2, code]);
    expect(rows).toEqual([{ try: '3' }]);
  });

  it('says so after three retries of a statement', async () => {
    await expect(dataSource.query('SELECT fail($1, $2)', [100, '40P01'])).rejects.toMatchObject({
      driverError: { code: '40P01' },
    });
    expect(await tries()).toBe(4);
  });

  it('repeats nothing that failed for a reason of its own', async () => {
    await expect(dataSource.query('SELECT fail($1, $2)', [1, '23505'])).rejects.toMatchObject({
      driverError: { code: '23505' },
    });
    expect(await tries()).toBe(1);
    let attempts = 0;
    const work = async (): Promise<void> => {
      attempts += 1;
      throw new Error('not the database');
    };
    await expect(dataSource.transaction(work)).rejects.toThrow('not the database');
    expect(attempts).toBe(1);
  });

  it('repeats the transaction and not the statement within it', async () => {
    let attempts = 0;
    await dataSource.transaction(async (manager) => {
      attempts += 1;
      await manager.query('UPDATE account SET balance = balance + 1 WHERE id = 1');
      await manager.query('SELECT fail($1, $2)', [1, '40001']);
    });
    expect([attempts, await tries()]).toEqual([2, 2]);
    expect(await balances()).toEqual([1, 0]);
  });
});

import { Client } from 'pg';
import { CHANNEL, ControlConnection } from '../../../src/database/control-connection.js';
import { KeptLog } from '../../support/a-logger.js';
import { aControlConnection } from '../../support/servers/control-connection.js';
import { createTestDatabase, type TestDatabase } from '../../support/servers/test-database.js';
import { until } from '../../support/until.js';

describe(ControlConnection.name, () => {
  let database: TestDatabase;
  let control: ControlConnection;
  let log: KeptLog;
  let heard: string[];
  let connections: number;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(() => {
    log = new KeptLog();
    control = aControlConnection(database.url, log.logger);
    heard = [];
    connections = 0;
    control.onNotification((payload) => heard.push(payload));
    control.onConnected(() => (connections += 1));
  });
  afterEach(() => control.onApplicationShutdown());

  async function pid(): Promise<number> {
    const [row] = await control.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return row!.pid;
  }

  const terminate = (backend: number): Promise<unknown> =>
    database.dataSource.query('SELECT pg_terminate_backend($1)', [backend]);

  const notify = (payload: string): Promise<unknown> =>
    database.dataSource.query('SELECT pg_notify($1, $2)', [CHANNEL, payload]);

  it('makes one connection for all, and hears what other processes and this one say', async () => {
    const pids = await Promise.all([pid(), pid(), pid()]);
    expect(new Set(pids).size).toBe(1);
    expect(connections).toBe(1);
    await notify('queue');
    await control.query(`SELECT pg_notify('${CHANNEL}', 'cancel 1')`);
    await until(() => heard.length === 2);
    expect(heard).toEqual(['queue', 'cancel 1']);
  });

  it('asks one thing after the other: a connection is no queue', async () => {
    await pid();
    type Query = (this: Client, ...args: unknown[]) => Promise<unknown>;
    const driver = Client.prototype as unknown as { query: Query };
    const { query } = driver;
    let open = 0;
    let most = 0;
    driver.query = function (...args) {
      most = Math.max(most, (open += 1));
      return query.apply(this, args).finally(() => (open -= 1));
    };
    try {
      const failing = expect(control.query('SELECT 1 / 0')).rejects.toThrow('division by zero');
      const answers = Promise.all(
        [1, 2, 3].map((value) => control.query('SELECT $1::integer AS v', [value])),
      );
      await failing;
      expect(await answers).toEqual([[{ v: 1 }], [{ v: 2 }], [{ v: 3 }]]);
    } finally {
      driver.query = query;
    }
    expect(most).toBe(1);
  });

  it('comes back by itself when its connection is cut, says so, and hears again', async () => {
    const before = await pid();
    await terminate(before);
    await until(() => connections === 2);
    await notify('queue');
    await until(() => heard.includes('queue'));
    expect(await pid()).not.toBe(before);
    expect(log.events()).toEqual(['database.control_connection_lost', 'database.control_connection_back']);
  });

  it('comes back as often as it is cut', async () => {
    for (let time = 1; time <= 3; time += 1) {
      await terminate(await pid());
      await until(() => connections === time + 1);
    }
    await notify('queue');
    await until(() => heard.length > 0);
    expect(heard).toEqual(['queue']);
  });

  it('lets a query that comes after the cut wait for the new connection', async () => {
    const before = await pid();
    await terminate(before);
    await until(() => log.entries.length > 0);
    expect(await pid()).not.toBe(before);
  });

  it('keeps its connection when a statement is at fault', async () => {
    const before = await pid();
    await expect(control.query('SELECT 1 / 0')).rejects.toThrow('division by zero');
    expect(await pid()).toBe(before);
    expect(log.entries).toEqual([]);
  });

  it('gives a query up that takes too long, and the connection with all that waits for it', async () => {
    const before = await pid();
    const startedMs = performance.now();
    const asked = ['SELECT pg_sleep(60)', 'SELECT 1', 'SELECT 2'].map((sql) => control.query(sql));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    expect(await pid()).not.toBe(before);
    await terminate(before);
  });

  it('fails a query while the database cannot be reached', async () => {
    const nowhere = aControlConnection('postgres://postgres@127.0.0.1:1/none', log.logger);
    await expect(nowhere.query('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await nowhere.onApplicationShutdown();
  });

  it('stays away once the application has shut down', async () => {
    const before = await pid();
    await control.onApplicationShutdown();
    await until(async () => {
      const rows = await database.dataSource.query<unknown[]>(
        'SELECT 1 FROM pg_stat_activity WHERE pid = $1',
        [before],
      );
      return rows.length === 0;
    });
    await expect(control.query('SELECT 1')).rejects.toThrow();
    expect(connections).toBe(1);
    expect(log.entries).toEqual([]);
  });
});

import pg from 'pg';
import { v7 } from 'uuid';
import type { ToolsConfig } from '../../../../src/config/app-config.js';
import { Secret } from '../../../../src/config/secret.js';
import { DatabaseTools } from '../../../../src/modules/tools/builtin/database-query/database-tools.js';
import { ExampleDatabaseRepository } from '../../../../src/modules/tools/builtin/database-query/example-database.repository.js';
import { SqlParser } from '../../../../src/modules/tools/builtin/database-query/sql-parser.js';
import type { Tool } from '../../../../src/modules/tools/tool.js';
import { KeptLog } from '../../../support/a-logger.js';
import { aToolContext } from '../../../support/a-tool-context.js';
import { createTestDatabase, type TestDatabase } from '../../../support/servers/test-database.js';

const [ANNA, BORIS] = [v7(), v7()];

/** What an analyst makes of "which customer spent most last month, and how much is that with 20 % VAT?" */
const BEST_CUSTOMER = `
  SELECT c.name, sum(l.quantity * l.unit_price) AS net, round(sum(l.quantity * l.unit_price) * 1.2, 2) AS gross
    FROM customers c JOIN orders o ON o.customer_id = c.id JOIN order_lines l ON l.order_id = o.id
   WHERE o.ordered_on >= date_trunc('month', now()) - interval '1 month' AND o.ordered_on < date_trunc('month', now())
     AND o.status <> 'cancelled'
   GROUP BY c.id, c.name ORDER BY net DESC LIMIT 1`;

describe('the example that database_query reads without a configured database', () => {
  let database: TestDatabase;
  let parser: SqlParser;
  let log: KeptLog;
  const opened: DatabaseTools[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    parser = new SqlParser();
    log = new KeptLog();
  });
  afterAll(async () => {
    for (const tools of opened) await tools.onApplicationShutdown();
    await parser.onApplicationShutdown();
    const [{ role }] = (await database.dataSource.query<{ role: string }[]>(
      `SELECT 'perch_tool_' || oid AS role FROM pg_database WHERE datname = current_database()`,
    )) as [{ role: string }];
    await database.dataSource.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await database.drop();
  });

  async function open(isEmbedded: boolean, url = database.url): Promise<Tool | undefined> {
    const clock = { now: () => new Date(), monotonicMs: () => performance.now() };
    const settings = { url: undefined, schemas: [], isExampleEnabled: true };
    const limits = { timeoutMs: 2_000, maxRows: 100, maxBytes: 500_000 };
    const config = { database: { ...settings, ...limits } } as unknown as ToolsConfig;
    const own = { url: new Secret(url), isEmbedded, poolSize: 2, redisUrl: undefined };
    const example = new ExampleDatabaseRepository(database.dataSource);
    const tools = new DatabaseTools(config, own, example, parser, log.logger, clock);
    opened.push(tools);
    await tools.onModuleInit();
    return tools.tools()[0];
  }
  const rows = async (tool: Tool, sql: string, userId = ANNA): Promise<unknown[]> => {
    const answer = await tool.execute({ mode: 'query', sql }, aToolContext({ userId }));
    return (answer as { rows: unknown[] }).rows;
  };

  it('is made once by several processes that start together, and answers', async () => {
    const tools = await Promise.all([open(true), open(true), open(true)]);
    for (const tool of tools) {
      const [[name, net, gross]] = (await rows(tool!, BEST_CUSTOMER)) as [[string, string, string]];
      expect(name).toMatch(/\w/);
      expect(Number(net)).toBeGreaterThan(0);
      expect(Number(gross)).toBeCloseTo(Number(net) * 1.2, 1);
    }
    // The role of an embedded database may nothing that only the check would stop.
    expect(log.entries).toEqual([]);
  });

  it('has sales last month whatever the date is', async () => {
    const tool = (await open(true))!;
    const months = await rows(
      tool,
      `SELECT DISTINCT date_trunc('month', now())::date - date_trunc('month', ordered_on)::date > 0 AS past FROM orders ORDER BY 1`,
    );
    expect(months).toEqual([[false], [true]]);
  });

  it('shows rows with an owner to nobody else', async () => {
    await database.dataSource.query(
      `INSERT INTO example.customers (id, name, city, country, owner_id) VALUES (101, 'of Anna', 'x', 'DE', $1), (102, 'of Boris', 'x', 'DE', $2)`,
      [ANNA, BORIS],
    );
    await database.dataSource.query(
      `INSERT INTO example_source.orders (id, customer_id, months_back, day_of_month, status, owner_id)
       VALUES (1001, 101, 1, 5, 'paid', $1), (1002, 102, 1, 5, 'paid', $2)`,
      [ANNA, BORIS],
    );
    await database.dataSource.query(
      `INSERT INTO example.order_lines VALUES (1001, 1, 7, 5000, 1290), (1002, 1, 7, 9000, 1290)`,
    );
    const tool = (await open(true))!;
    expect(await rows(tool, BEST_CUSTOMER, ANNA)).toEqual([['of Anna', '6450000.00', '7740000.00']]);
    expect(await rows(tool, BEST_CUSTOMER, BORIS)).toEqual([['of Boris', '11610000.00', '13932000.00']]);
    expect(await rows(tool, `SELECT count(*) FROM customers WHERE owner_id IS NOT NULL`, v7())).toEqual([
      [0],
    ]);
    expect(await rows(tool, `SELECT count(*) FROM order_lines WHERE order_id > 1000`, BORIS)).toEqual([[1]]);
  });

  it('cannot reach a table of Perch', async () => {
    const tool = (await open(true))!;
    const tables = await database.dataSource.query<{ name: string }[]>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    expect(tables.length).toBeGreaterThan(10);
    for (const { name } of tables) {
      for (const table of [name, `public.${name}`]) {
        await expect(rows(tool, `SELECT * FROM ${table}`)).rejects.toMatchObject({ reason: 'table_denied' });
      }
    }
    await expect(rows(tool, 'SELECT * FROM example_source.orders')).rejects.toMatchObject({
      reason: 'table_denied',
    });
    const [{ name, password }] = await database.dataSource.query<[{ name: string; password: string }]>(
      `SELECT 'perch_tool_' || (SELECT oid FROM pg_database WHERE datname = current_database()) AS name, value AS password
         FROM installation_secret WHERE name = 'tool_database_password'`,
    );
    const url = new URL(database.url);
    url.username = name;
    url.password = password;
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    for (const table of tables) {
      await expect(client.query(`SELECT * FROM public."${table.name}"`)).rejects.toMatchObject({
        code: '42501',
      });
    }
    await client.end();
  });
});

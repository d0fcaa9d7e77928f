import { readFileSync } from 'node:fs';
import pg from 'pg';
import { v7 } from 'uuid';
import { databaseQueryTool } from '../../../../src/modules/tools/builtin/database-query/database-query.tool.js';
import { SqlRefused } from '../../../../src/modules/tools/builtin/database-query/sql-refused.js';
import { createRestrictedRole } from '../../../../src/modules/tools/builtin/database-query/restricted-role.js';
import { SqlParser } from '../../../../src/modules/tools/builtin/database-query/sql-parser.js';
import { ToolDatabase } from '../../../../src/modules/tools/builtin/database-query/tool-database.js';
import { type Tool, ToolError } from '../../../../src/modules/tools/tool.js';
import { KeptLog } from '../../../support/a-logger.js';
import { aToolContext } from '../../../support/a-tool-context.js';
import { createTestDatabase, type TestDatabase } from '../../../support/servers/test-database.js';

interface Line {
  readonly id: string;
  readonly cls: string;
  readonly sql: string;
  readonly expect: string;
}

const LINES = readFileSync(new URL('../../../data/attacks/sql.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Line);

const SCHEMA = `
  CREATE SCHEMA app;
  CREATE SCHEMA secret;
  CREATE TABLE app.users (id integer PRIMARY KEY, name text, email text, password_hash text);
  CREATE TABLE app.orders (id serial PRIMARY KEY, user_id integer NOT NULL, total integer, note text, created_at timestamptz DEFAULT now(), tags text[] DEFAULT '{a,b}', details jsonb DEFAULT '{"size": 3}');
  CREATE VIEW app.safe_users WITH (security_invoker = true) AS SELECT id, name FROM app.users;
  CREATE VIEW app.v_definer_orders AS SELECT * FROM app.orders;
  CREATE VIEW app.v_behind AS SELECT * FROM app.v_definer_orders;
  CREATE VIEW app.user_names AS SELECT name FROM app.users;
  CREATE MATERIALIZED VIEW app.m_orders AS SELECT * FROM app.orders;
  CREATE TABLE secret.api_keys (key text);
  INSERT INTO secret.api_keys VALUES ('CANARY');
  INSERT INTO app.users SELECT n, 'user ' || n, 'u' || n || '@x', 'CANARY' FROM generate_series(1, 2) n;
  INSERT INTO app.orders (user_id, total) SELECT 1 + n % 2, n FROM generate_series(1, 200) n;
  ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON app.orders USING (user_id::text = current_setting('app.user_id', true));`;

/** What an attacker would write who has read our list; each with the reason of the refusal. */
const MORE_ATTACKS: readonly (readonly [sql: string, reason: RegExp])[] = [
  ['SELECT 1;;SELECT 2', /multi_statement/],
  ['BEGIN', /not_select/],
  ['SET app.user_id = 2', /not_select/],
  ['SELECT pg_catalog.set_config($$app.user_id$$, $$2$$, true)', /function_denied/],
  ["SELECT \"set_config\"('a.b', 'c', true)", /function_denied/],
  ["SELECT U&\"s\\0065t_config\"('a.b', 'c', true)", /function_denied/],
  ["SELECT current_setting('app.user_id')", /function_denied/],
  ['UPDATE app.orders SET total = 0', /not_select/],
  ['WITH x AS (UPDATE app.orders SET total = 0 RETURNING *) SELECT * FROM x', /dml_in_cte/],
  ['WITH x AS (INSERT INTO app.orders(user_id) VALUES (1) RETURNING *) SELECT 1', /dml_in_cte/],
  ['WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT 1 FROM r) SELECT * FROM r', /recursive/],
  ['SELECT * FROM app.orders FOR UPDATE', /lockingClause/],
  ['SELECT * FROM app.orders FOR SHARE SKIP LOCKED', /lockingClause/],
  ['SELECT * INTO TEMP t FROM app.orders', /intoClause/],
  ['CREATE TABLE t AS SELECT 1', /not_select/],
  ['EXPLAIN SELECT 1', /not_select/],
  ['SHOW all', /not_select/],
  ['VACUUM', /not_select/],
  ['LISTEN x', /not_select/],
  ['PREPARE p AS SELECT 1', /not_select/],
  ['EXECUTE p', /not_select/],
  ['CALL p()', /not_select/],
  ["SELECT pg_read_file('/etc/passwd')", /function_denied/],
  ["SELECT * FROM pg_ls_dir('.')", /function_denied/],
  ["SELECT lo_import('/etc/passwd')", /function_denied/],
  ["SELECT dblink('host=evil', 'select 1')", /function_denied/],
  ["SELECT table_to_xml('app.users', true, true, '')", /function_denied/],
  ['SELECT pg_sleep(100)', /function_denied/],
  ['SELECT (pg_sleep(1))', /function_denied/],
  ['SELECT pg_try_advisory_lock(1)', /function_denied/],
  ['SELECT repeat($$a$$, 1000000000)', /function_denied/],
  ["SELECT lpad('a', 1000000000)", /function_denied/],
  ["SELECT format('%1000000000s', 'a')", /function_denied/],
  ['SELECT inet_server_addr(), version()', /function_denied/],
  ['SELECT current_user', /function_denied/],
  ['SELECT session_user', /function_denied/],
  ['SELECT current_catalog', /function_denied/],
  ['SELECT * FROM pg_catalog.pg_class', /table_denied/],
  ['SELECT * FROM pg_roles', /table_denied/],
  ['SELECT * FROM information_schema.tables', /table_denied/],
  ['SELECT * FROM app.users', /may not be read/],
  ['SELECT * FROM app.m_orders', /table_denied/],
  ['SELECT * FROM ONLY secret.api_keys', /table_denied/],
  ['SELECT * FROM (SELECT * FROM (TABLE secret.api_keys) a) b', /table_denied/],
  ['SELECT 1 WHERE EXISTS (SELECT 1 FROM secret.api_keys)', /table_denied/],
  ['SELECT 1 ORDER BY (SELECT key FROM secret.api_keys)', /table_denied/],
  ['SELECT 1 LIMIT (SELECT count(*) FROM secret.api_keys)', /table_denied/],
  ['SELECT count(*) FILTER (WHERE EXISTS (SELECT FROM secret.api_keys)) FROM app.orders', /table_denied/],
  ['SELECT sum(1) OVER (ORDER BY (SELECT key FROM secret.api_keys))', /table_denied/],
  ['SELECT ARRAY(SELECT key FROM secret.api_keys)', /table_denied/],
  ['VALUES ((SELECT key FROM secret.api_keys))', /table_denied/],
  ['SELECT 1 UNION (SELECT 2 FROM secret.api_keys)', /table_denied/],
  // A name that is defined elsewhere, or later, is not one that can be seen here.
  ['SELECT (WITH pg_shadow AS (SELECT 1) SELECT 1 FROM pg_shadow), p.* FROM pg_shadow p', /table_denied/],
  ['WITH a AS (SELECT * FROM pg_shadow), pg_shadow AS (SELECT 1) SELECT * FROM a', /table_denied/],
  ['WITH pg_shadow AS (SELECT * FROM pg_shadow) SELECT * FROM pg_shadow', /table_denied/],
  ['(WITH pg_shadow AS (SELECT 1) SELECT 1 FROM pg_shadow) UNION SELECT 2 FROM pg_shadow', /table_denied/],
  ['SELECT * FROM app.orders TABLESAMPLE system (1)', /node_denied/],
  ["SELECT 'app.users'::regclass", /cast_denied/],
  ["SELECT CAST('x' AS pg_catalog.regprocedure)", /cast_denied/],
  ["SELECT '{app.users}'::regclass[]", /cast_denied/],
  ["SELECT regclass 'app.users'", /cast_denied/],
  ['SELECT 1::oid', /cast_denied/],
  ["SELECT '1'::app.orders", /cast_denied/],
  ["SELECT regclass('app.users')", /function_denied/],
  ['SELECT 1 OPERATOR(secret.+) 2', /operator_denied/],
  ['SELECT o.ctid FROM app.orders o', /column_denied/],
  ['SELECT (o).xmin FROM app.orders o', /column_denied/],
  ['SELECT tableoid FROM app.orders', /column_denied/],
  ['SELECT ctid(o) FROM app.orders o', /function_denied/],
  ['SELECT $1', /ParamRef/],
  ['SELECT xmlelement(name foo)', /XmlExpr/],
  ["SELECT * FROM xmltable('/a' passing '<a/>' columns b text)", /node_denied/],
  ["SELECT * FROM json_to_recordset('[]') AS x(a regclass)", /node_denied|function_denied/],
  ['SELECT note COLLATE "C" FROM app.orders', /CollateClause/],
  [`SELECT ${'('.repeat(4_900)}1${')'.repeat(4_900)}`, /too_deep/],
  [`SELECT ${'1+'.repeat(4_900)}1`, /too_/],
  [`SELECT ${'NOT '.repeat(2_400)}true`, /too_/],
  [`SELECT ${'ARRAY['.repeat(1_500)}1${']'.repeat(1_500)}`, /too_/],
  [`SELECT ${'x'.repeat(20_000)}`, /too_long/],
  ['SELECT \u0000 1', /not_text/],
];

/** What an analyst would write. */
const QUESTIONS: readonly string[] = [
  'SELECT count(*), sum(total), avg(total)::numeric(10, 2) FROM app.orders',
  'SELECT * FROM orders ORDER BY id LIMIT 3 OFFSET 1;',
  'select o.id, u.name from app.orders o join app.safe_users u on u.id = o.user_id where o.total > 50',
  'SELECT o.id FROM app.orders o LEFT JOIN app.safe_users u ON u.id = o.user_id WHERE u.id IS NULL',
  "SELECT date_trunc('day', created_at) AS day, count(*) FROM app.orders GROUP BY 1 ORDER BY 1 DESC NULLS LAST",
  'SELECT user_id, count(*) FILTER (WHERE total > 100) AS big FROM app.orders GROUP BY user_id HAVING count(*) > 1',
  'SELECT id, total, rank() OVER (ORDER BY total DESC), lag(total) OVER w FROM app.orders WINDOW w AS (ORDER BY id)',
  'SELECT id, sum(total) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM app.orders',
  'SELECT user_id, total, count(*) FROM app.orders GROUP BY GROUPING SETS ((user_id), (total), ()) LIMIT 5',
  'SELECT user_id, grouping(user_id), sum(total) FROM app.orders GROUP BY ROLLUP (user_id)',
  'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total) FROM app.orders',
  "SELECT string_agg(total::text, ', ' ORDER BY total DESC) FROM app.orders",
  "SELECT extract(year FROM created_at), to_char(created_at, 'YYYY-MM') FROM app.orders LIMIT 1",
  "SELECT id FROM app.orders WHERE created_at > now() - interval '7 days' AND created_at <= current_timestamp",
  'SELECT CASE WHEN total > 100 THEN 1 WHEN total IS NULL THEN 2 ELSE 3 END FROM app.orders LIMIT 1',
  'SELECT coalesce(note, $$none$$), nullif(total, 0), greatest(total, 5), least(1, 2) FROM app.orders LIMIT 1',
  'SELECT DISTINCT ON (user_id) user_id, total FROM app.orders ORDER BY user_id, total DESC',
  'SELECT id FROM app.orders o WHERE EXISTS (SELECT 1 FROM app.orders p WHERE p.id = o.id + 2) LIMIT 1',
  'SELECT id FROM app.orders WHERE id = ANY (ARRAY[1, 2, 3]) OR id IN (4, 5) OR id BETWEEN 6 AND 9',
  'SELECT id FROM app.orders WHERE total > (SELECT avg(total) FROM app.orders) LIMIT 1',
  "SELECT details->>'size', details->'size', details @> '{\"size\": 3}' FROM app.orders LIMIT 1",
  'SELECT tags[1], tags[1:2], cardinality(tags), t FROM app.orders, unnest(tags) WITH ORDINALITY AS u(t, n) LIMIT 1',
  'WITH a AS (SELECT user_id, sum(total) s FROM app.orders GROUP BY 1), b AS (SELECT max(s) m FROM a) SELECT * FROM a, b WHERE a.s = b.m',
  'SELECT a.n FROM generate_series(1, 3) AS a(n) CROSS JOIN LATERAL (SELECT a.n * 2) AS b(m)',
  'SELECT 1 AS a UNION ALL SELECT 2 UNION SELECT 3 EXCEPT SELECT 3 ORDER BY 1',
  'VALUES (1, $$a$$), (2, $$b$$)',
  "SELECT id FROM app.orders WHERE note ILIKE '%x!%%' ESCAPE '!' OR note SIMILAR TO 'a|b' OR note ~* '^x' LIMIT 1",
  "SELECT substring('abc' from 1 for 2), position('b' in 'abc'), trim(both 'x' from 'xax'), overlay('abc' placing 'X' from 2)",
  'SELECT round(total::numeric / 3, 2), total % 7, total ^ 2, -total, abs(total), |/ 16.0 FROM app.orders LIMIT 1',
  "SELECT row_to_json(o), json_build_object('a', total), jsonb_agg(total) OVER () FROM app.orders o LIMIT 1",
  "SELECT created_at AT TIME ZONE 'Europe/Berlin', age(created_at), make_date(2026, 1, 31) FROM app.orders LIMIT 1",
  'SELECT (total IS DISTINCT FROM 3) IS TRUE, NOT true, total IS NOT NULL FROM app.orders LIMIT 1 -- the end',
  'SELECT /* a; b */ "total" FROM "app"."orders" LIMIT 1',
];

describe('database_query', () => {
  let database: TestDatabase;
  let tool: Tool;
  let tooldb: ToolDatabase;
  let parser: SqlParser;
  const log = new KeptLog();
  let role: string;
  let url: string;
  beforeAll(async () => {
    database = await createTestDatabase();
    role = `perch_test_${v7().replaceAll('-', '')}`;
    await database.dataSource.query(SCHEMA);
    await database.dataSource.query(
      createRestrictedRole({ name: role, password: 'pw', schemas: ['app'], alsoSchemas: [] }),
    );
    // The wrong kind of table must be kept out by the tool, not by a grant that is missing.
    await database.dataSource.query(
      `REVOKE ALL ON app.users FROM ${role}; GRANT SELECT (id, name) ON app.users TO ${role}`,
    );
    const roleUrl = new URL(database.url);
    roleUrl.username = role;
    roleUrl.password = 'pw';
    url = roleUrl.href;
    const options = { url, schemas: ['app'], timeoutMs: 1_000, maxRows: 100, maxBytes: 500_000 };
    tooldb = new ToolDatabase(options);
    parser = new SqlParser();
    const clock = { now: () => new Date(), monotonicMs: () => performance.now() };
    tool = databaseQueryTool({ database: tooldb, schemas: ['app'], parser, clock, logger: log.logger });
  });
  afterAll(async () => {
    await tooldb.close();
    await parser.onApplicationShutdown();
    await database.dataSource.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await database.drop();
  });

  const query = (sql: string, userId = '1', signal = new AbortController().signal): Promise<unknown> =>
    tool.execute({ mode: 'query', sql }, aToolContext({ userId, signal }));
  const failure = async (sql: string, userId?: string): Promise<ToolError> => {
    const outcome = await query(sql, userId).then(
      (result) => new Error(`it was answered: ${JSON.stringify(result).slice(0, 200)}`),
      (error: Error) => error,
    );
    if (!(outcome instanceof ToolError)) throw outcome;
    expect(`${outcome.message} ${JSON.stringify(outcome)}`).not.toMatch(/CANARY|perch_test_|127\.0\.0\.1/);
    return outcome;
  };
  /** The other tenant sees his rows and default settings, whatever was done before. */
  async function expectClean(): Promise<void> {
    expect(
      await query('SELECT count(*) AS n, min(user_id) AS u, max(user_id) AS v FROM app.orders', '2'),
    ).toMatchObject({
      rows: [[100, 2, 2]],
    });
  }

  it('describes what may be read, and nothing else', async () => {
    const described = (await tool.execute({ mode: 'describe' }, aToolContext())) as {
      tables: { name: string; columns: { name: string; type: string }[] }[];
    };
    expect(described.tables.map(({ name }) => name)).toEqual([
      'app.orders',
      'app.safe_users',
      'app.user_names',
      'app.users',
    ]);
    expect(described.tables[3]!.columns.map(({ name }) => name)).toEqual(['id', 'name']);
    expect(described.tables[0]!.columns).toContainEqual({
      name: 'created_at',
      type: 'timestamp with time zone',
    });
  });

  describe.each(LINES.filter(({ cls }) => cls !== 'allow'))('$id ($cls)', ({ id, sql, expect: expected }) => {
    it('is refused, or contained, and leaves nothing behind', async () => {
      const statement = sql.endsWith('...') ? `SELECT ${'('.repeat(4_500)}1${')'.repeat(4_500)}` : sql;
      if (id === 'S61') {
        expect(await query(statement)).toMatchObject({ rows: [[100]] });
      } else if (expected === 'timeout' || id === 'S43') {
        const outcome = await query(statement).catch((error: Error) => error);
        if (outcome instanceof Error) expect(['timeout', 'too_much']).toContain((outcome as ToolError).code);
      } else {
        expect((await failure(statement)).code).toMatch(/sql_not_allowed|syntax_error/);
      }
      await expectClean();
    });
  });

  it.each(MORE_ATTACKS.map(([sql, reason]) => [sql.slice(0, 80), sql, reason] as const))(
    'refuses %s',
    async (_name, sql, reason) => {
      const refused = await query(sql).then(
        () => 'answered',
        (error: unknown) => (error instanceof SqlRefused ? error.reason : String(error)),
      );
      expect(refused).toMatch(reason);
    },
  );

  it('leaves nothing behind after all of them', expectClean, 20_000);

  it.each([...LINES.filter(({ cls }) => cls === 'allow').map(({ sql }) => sql), ...QUESTIONS])(
    'answers %s',
    async (sql) => {
      expect(await query(sql)).toMatchObject({ columns: expect.any(Array), rows: expect.any(Array) });
    },
  );

  it('shows each tenant its own rows', async () => {
    for (const userId of ['1', '2']) {
      const { rows } = (await query('SELECT DISTINCT user_id FROM app.orders', userId)) as {
        rows: unknown[];
      };
      expect(rows).toEqual([[Number(userId)]]);
    }
    const { rows } = (await query('SELECT count(*) FROM app.orders', "1' OR true --")) as { rows: unknown[] };
    expect(rows).toEqual([[0]]);
  });

  it('gives values that JSON can carry, and text where it cannot', async () => {
    const { columns, rows } = (await query(
      "SELECT 1::int4 AS a, 9007199254740993::int8 AS b, 0.1::numeric AS c, 'NaN'::float8 AS d, true AS e, NULL AS f, '{\"g\": [1]}'::jsonb AS g, date '2026-01-31' AS h",
    )) as { columns: { name: string; type: string }[]; rows: unknown[] };
    expect(rows).toEqual([[1, '9007199254740993', '0.1', 'NaN', true, null, { g: [1] }, '2026-01-31']]);
    expect(columns.map(({ type }) => type)).toEqual([
      ...['integer', 'bigint', 'numeric', 'double precision', 'boolean', 'text', 'jsonb', 'date'],
    ]);
  });

  it('stops at its number of rows', async () => {
    const result = (await query('SELECT n FROM generate_series(1, 5000) n')) as {
      rows: unknown[];
      truncated: boolean;
    };
    expect([result.rows.length, result.truncated]).toEqual([100, true]);
  });

  it('does not take a value into memory that is too large', async () => {
    const before = process.memoryUsage().arrayBuffers;
    expect((await failure("SELECT string_agg(n::text, '') FROM generate_series(1, 300000) n")).code).toBe(
      'result_too_large',
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8_000_000);
    await expectClean();
  });

  it('ends a query that takes too long, at the server too', async () => {
    const sql =
      'SELECT count(*) FROM generate_series(1, 50000) a, generate_series(1, 50000) b WHERE a.a + b.b < 0';
    expect((await failure(sql)).code).toBe('timeout');
    await expectClean();
  });

  it('ends a query at once whose run ends', async () => {
    const stop = new AbortController();
    const asked = query('SELECT count(*) FROM generate_series(1, 10000000000)', '1', stop.signal);
    const running = async (): Promise<number> => {
      const [row] = await database.dataSource.query<{ n: string }[]>(
        `SELECT count(*) AS n FROM pg_stat_activity WHERE usename = $1 AND state = 'active'`,
        [role],
      );
      return Number(row!.n);
    };
    while ((await running()) === 0);
    stop.abort();
    await expect(asked).rejects.toThrow(ToolError);
    while ((await running()) > 0);
  });

  it('is one of several at the same time', async () => {
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        query('SELECT min(user_id) FROM app.orders', String(1 + (index % 2))),
      ),
    );
    expect(results.map((result) => (result as { rows: number[][] }).rows[0]![0])).toEqual(
      Array.from({ length: 12 }, (_, index) => 1 + (index % 2)),
    );
  });

  it('tells what is wrong so that the model can do better', async () => {
    expect(await failure('SELECT nothing FROM app.orders')).toMatchObject({
      code: 'unknown_column',
      message: expect.stringContaining('nothing'),
    });
    expect((await failure('SELEC 1')).code).toBe('syntax_error');
    expect((await failure('SELECT 1 / 0')).code).toBe('division_by_zero');
    expect((await failure('SELECT user_id, count(*) FROM app.orders')).code).toBe('not_grouped');
    expect((await failure("SELECT 'x'::int4")).code).toBe('invalid_value');
    expect((await failure('SELECT password_hash FROM app.users')).code).toBe('not_allowed');
    expect(await failure('SELECT * FROM app.nothing')).toMatchObject({ code: 'sql_not_allowed' });
  });

  it('is unavailable when the database is, and says nothing of where that is', async () => {
    const nowhere = new ToolDatabase({
      url: 'postgres://nobody:secret@127.0.0.1:1/nowhere',
      schemas: ['app'],
      timeoutMs: 1_000,
      maxRows: 10,
      maxBytes: 1_000,
    });
    const clock = { now: () => new Date(), monotonicMs: () => 0 };
    const away = databaseQueryTool({
      database: nowhere,
      schemas: ['app'],
      parser,
      clock,
      logger: log.logger,
    });
    const error = await away.execute({ mode: 'describe' }, aToolContext()).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'tool_unavailable' });
    expect((error as Error).message).not.toMatch(/secret|127|nobody/);
    await nowhere.close();
  });

  describe('the database itself, when the parser is passed by', () => {
    it.each([
      ['a second statement', 'SELECT 1; SELECT 2'],
      ['the end of the transaction', "SELECT 1; COMMIT; SET app.user_id = '2'"],
      ['a change', 'WITH x AS (DELETE FROM app.orders RETURNING *) SELECT * FROM x'],
      ['a table of others', 'SELECT * FROM secret.api_keys'],
      ['a secret column', 'SELECT password_hash FROM app.users'],
    ])('refuses %s', async (_what, sql) => {
      await expect(tooldb.query(sql, '1', new AbortController().signal)).rejects.toThrow(ToolError);
      await expectClean();
    });

    it('knows nothing of Perch’s own tables', async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      for (const table of [
        'user_account',
        'message',
        'audit_entry',
        'audit_head',
        'refresh_token',
        'installation_secret',
        'usage_record',
      ]) {
        await expect(client.query(`SELECT * FROM public.${table}`)).rejects.toMatchObject({ code: '42501' });
      }
      await client.end();
    });
  });
});

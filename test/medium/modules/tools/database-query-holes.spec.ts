import { readFileSync } from 'node:fs';
import pg from 'pg';
import { databaseQueryTool } from '../../../../src/modules/tools/builtin/database-query/database-query.tool.js';
import { SqlParser } from '../../../../src/modules/tools/builtin/database-query/sql-parser.js';
import { SqlRefused } from '../../../../src/modules/tools/builtin/database-query/sql-refused.js';
import { ToolDatabase } from '../../../../src/modules/tools/builtin/database-query/tool-database.js';
import { type Tool, ToolError, ToolUnavailableError } from '../../../../src/modules/tools/tool.js';
import type { JsonValue } from '../../../../src/shared/llm/json.js';
import { KeptLog } from '../../../support/a-logger.js';
import { aToolContext } from '../../../support/a-tool-context.js';
import { createTestDatabase, type TestDatabase } from '../../../support/servers/test-database.js';
import { roleScript } from '../../../support/tools/role-script.js';

/** An operator's schema with everything in it that has no row-level security, or looks as if it had. */
const SCHEMA = `
  CREATE SCHEMA app;
  CREATE SCHEMA app2;
  CREATE SCHEMA secret;
  CREATE TABLE app.orders (id serial PRIMARY KEY, user_id integer NOT NULL, total integer, note text);
  CREATE TABLE app.regions (code text PRIMARY KEY);
  CREATE TABLE app.events (id integer, user_id integer NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
  CREATE TABLE app.events_2026 PARTITION OF app.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  CREATE TABLE app2.m_orders (id integer);
  CREATE TABLE app2.stock (id integer, name text);
  CREATE TABLE secret.api_keys (key text);
  CREATE VIEW app.v_definer_orders AS SELECT * FROM app.orders;
  CREATE VIEW app.v_over_definer WITH (security_invoker = true) AS SELECT * FROM app.v_definer_orders;
  CREATE VIEW app.v_over_over WITH (security_invoker = on) AS SELECT * FROM app.v_over_definer;
  CREATE VIEW app.v_mine WITH (security_invoker) AS SELECT id, total FROM app.orders;
  CREATE MATERIALIZED VIEW app.m_orders AS SELECT * FROM app.orders;
  CREATE FUNCTION app.leak(app.orders) RETURNS text LANGUAGE sql SECURITY DEFINER
    AS $$ SELECT string_agg(key, ',') FROM secret.api_keys $$;
  CREATE FUNCTION app.lower(integer) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT key FROM secret.api_keys $$;
  CREATE FUNCTION app.keys(text, integer) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT key FROM secret.api_keys $$;
  CREATE OPERATOR app.|| (LEFTARG = text, RIGHTARG = integer, FUNCTION = app.keys);
  INSERT INTO secret.api_keys VALUES ('CANARY');
  INSERT INTO app.orders (user_id, total, note) SELECT 1 + n % 2, n, 'tenant' || (1 + n % 2) FROM generate_series(1, 200) n;
  INSERT INTO app.events SELECT n, 1 + n % 2, date '2026-03-01' + n FROM generate_series(1, 20) AS n;
  ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY;
  ALTER TABLE app.events ENABLE ROW LEVEL SECURITY;
  ALTER TABLE app2.stock ENABLE ROW LEVEL SECURITY;
  ALTER TABLE app2.m_orders ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON app.orders USING (user_id::text = current_setting('app.user_id', true));
  CREATE POLICY own ON app.events USING (user_id::text = current_setting('app.user_id', true));
  CREATE POLICY own ON app2.stock USING (true);
  REFRESH MATERIALIZED VIEW app.m_orders`;

/** All of these once answered with what they should not, or did what they should not. */
const HOLES: readonly (readonly [sql: string, reason: RegExp])[] = [
  ["SELECT ('app.user_id'::text).current_setting", /function_denied/],
  ["SELECT x.v.current_setting FROM (SELECT 'app.user_id'::text AS v) x", /function_denied|invalid|column/],
  ['SELECT (30::float8).pg_sleep', /function_denied/],
  ['SELECT (7::int8).pg_advisory_lock', /function_denied/],
  ['SELECT (7::int8)."pg_try_advisory_xact_lock"', /function_denied/],
  ['SELECT (1::int4).lo_creat', /function_denied/],
  ["SELECT ('/etc/passwd'::text).pg_read_file", /function_denied/],
  ['SELECT (\'/\'::text).U&"pg_ls_\\0064ir"', /function_denied/],
  ["SELECT (ARRAY['/etc'])[1].pg_ls_dir", /function_denied/],
  ["SELECT ((SELECT '/etc'::text)).pg_ls_dir", /function_denied/],
  ["SELECT (CASE WHEN true THEN '/etc'::text END).pg_ls_dir", /function_denied/],
  ["SELECT (upper('x')).query_to_xml", /function_denied|undefined|query_failed/],
  [
    "SELECT (('SELECT to_tsvector(note) FROM (SELECT set_config(''app.user_id'',''2'',true)) s, app.orders'::text).ts_stat).*",
    /function_denied/,
  ],
  ["SELECT (('SELECT to_tsvector(note) FROM app.v_definer_orders'::text).ts_stat).word", /function_denied/],
  ["SELECT * FROM app.orders o WHERE ('x'::text).pg_sleep_until IS NULL", /function_denied/],
  ["SELECT 1 ORDER BY ('app.orders'::text).regclass", /function_denied/],
  ["SELECT ('int4'::text).regtype", /function_denied/],
  ["SELECT ('1'::text).oid", /column_denied/],
  ['SELECT o.leak FROM app.orders o LIMIT 1', /function_denied/],
  ['SELECT app.orders.leak FROM app.orders LIMIT 1', /function_denied/],
  ['SELECT (o).leak FROM app.orders o LIMIT 1', /function_denied/],
  ['SELECT leak(o) FROM app.orders o', /function_denied/],
  ['SELECT app.leak(o) FROM app.orders o', /function_denied/],
  ['SELECT lower(total) FROM app.orders', /function_denied/],
  ['SELECT (total).lower FROM app.orders', /function_denied/],
  ['SELECT note || total FROM app.orders', /operator_denied/],
  ['SELECT note OPERATOR(app.||) total FROM app.orders', /operator_denied/],
  ['SELECT 1 WHERE 1 = ANY (SELECT 1) AND note || 1 IS NULL FROM app.orders', /syntax_error/],
  ['SELECT * FROM app.events_2026', /table_denied/],
  ['SELECT * FROM events_2026', /table_denied/],
  ['SELECT * FROM app.v_definer_orders', /table_denied/],
  ['SELECT * FROM app.v_over_definer', /table_denied/],
  ['SELECT * FROM app.v_over_over', /table_denied/],
  ['SELECT * FROM app.m_orders', /table_denied/],
  // The one in the first schema is meant, and may not be read; there is another one behind it that may.
  ['SELECT * FROM m_orders', /table_denied/],
  ['SELECT * FROM postgres.app.orders', /node_denied/],
  ['SELECT * FROM pg_temp.orders', /table_denied/],
  ['SELECT * FROM ONLY pg_toast.pg_toast_1255', /table_denied/],
  ['SELECT $$a$$ COLLATE pg_catalog."C"', /CollateClause/],
  ["SELECT JSON_TABLE('[]', '$' COLUMNS (a int))", /syntax_error|node_denied/],
  ["SELECT JSON_VALUE('{}', '$.a')", /node_denied/],
  ["SELECT * FROM ROWS FROM (pg_ls_dir('/'), generate_series(1, 2))", /function_denied/],
  ["SELECT * FROM pg_catalog.pg_ls_dir('/') WITH ORDINALITY", /function_denied/],
  ['SELECT * FROM generate_series(1, 2) AS x(a regclass)', /node_denied/],
  ['SELECT * FROM app.orders AS o (ctid) ORDER BY o.ctid', /column_denied/],
  ["SELECT E'\\x00'", /syntax_error/],
  ["SELECT U&'\\0000'", /syntax_error/],
  ['SELECT 1 \\; SELECT 2', /syntax_error/],
  ['SELECT 1 -- \n; SELECT 2', /multi_statement/],
  ['SELECT 1 /* /* */ ; */ ; DROP TABLE app.orders', /multi_statement/],
  ['SELECT $a$;$a$; COMMIT', /multi_statement/],
  ['COPY (SELECT 1) TO PROGRAM $$id$$', /not_select/],
  ['MERGE INTO app.orders USING app.orders o ON true WHEN MATCHED THEN DELETE', /not_select/],
  [
    'WITH m AS (MERGE INTO app.orders USING app.orders o ON true WHEN MATCHED THEN DELETE RETURNING 1) SELECT * FROM m',
    /dml_in_cte/,
  ],
  ['SELECT * FROM (WITH d AS (DELETE FROM app.orders RETURNING 1) SELECT * FROM d) x', /dml_in_cte/],
  ['SELECT EXISTS (SELECT 1 FROM app.orders FOR NO KEY UPDATE)', /lockingClause/],
  ['SELECT * FROM (SELECT 1 FROM app.orders FOR KEY SHARE) x', /lockingClause/],
  ['FETCH ALL FROM perch_rows', /not_select/],
  ['MOVE perch_rows', /not_select/],
  ['CLOSE ALL', /not_select/],
  ['DISCARD ALL', /not_select/],
  ['SET LOCAL ROLE postgres', /not_select/],
  ['NOTIFY x', /not_select/],
  ["SELECT nextval('app.orders_id_seq')", /function_denied/],
  ["SELECT has_table_privilege('secret.api_keys', 'SELECT')", /function_denied/],
  ["SELECT to_regclass('secret.api_keys')", /function_denied/],
  ['SELECT pg_column_size(o), pg_typeof(o) FROM app.orders o', /function_denied/],
  ["SELECT obj_description(1, 'pg_class')", /function_denied/],
  ['SELECT pg_current_xact_id()', /function_denied/],
  ['SELECT pg_export_snapshot()', /function_denied/],
  [`SELECT ${'/*'.repeat(4_900)}`, /too_|syntax_error/],
  [`SELECT ${'(select '.repeat(1_000)}1${')'.repeat(1_000)}`, /too_/],
  [`SELECT ${'case when true then '.repeat(450)}1${' end'.repeat(450)}`, /too_/],
  [`SELECT 1${'::int'.repeat(1_900)}`, /too_/],
];

/** Names behind a dot that are no calls. */
const ALLOWED: readonly string[] = [
  'SELECT s.name, s.area, s.version FROM (SELECT note AS name, total AS area, 1 AS version FROM app.orders) s LIMIT 1',
  'SELECT o.total, app.orders.note FROM app.orders JOIN app.orders o ON o.id = app.orders.id LIMIT 1',
  'SELECT (o).total, (o).* FROM app.orders o LIMIT 1',
  'SELECT o.upper FROM (SELECT upper(note) FROM app.orders) o LIMIT 1',
  'SELECT * FROM app.v_mine ORDER BY 1 LIMIT 1',
  'SELECT * FROM stock',
  'SELECT count(*) FROM events',
  'SELECT pg_catalog.lower(note) FROM app.orders LIMIT 1',
];

const ATTACKS = readFileSync(new URL('../../../data/attacks/sql.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { id: string; cls: string; sql: string })
  .filter(({ cls }) => cls !== 'allow');

describe('database_query, where it had holes', () => {
  let database: TestDatabase;
  let role: string;
  let url: string;
  let tooldb: ToolDatabase;
  let parser: SqlParser;
  const log = new KeptLog();
  let tool: Tool;
  const clock = { now: () => new Date(), monotonicMs: () => performance.now() };

  beforeAll(async () => {
    database = await createTestDatabase();
    const { pathname } = new URL(database.url);
    role = `${pathname.slice(1)}_reader`;
    await database.dataSource.query(SCHEMA);
    await database.dataSource.query(
      roleScript({ role, password: 'of-a-test', schemas: 'app,app2', keepForOthers: false }),
    );
    // What the script leaves out, so that the tool must.
    await database.dataSource.query(`GRANT SELECT ON ALL TABLES IN SCHEMA app, app2 TO "${role}"`);
    const roleUrl = new URL(database.url);
    roleUrl.username = role;
    roleUrl.password = 'of-a-test';
    url = roleUrl.href;
    tooldb = open();
    parser = new SqlParser();
    tool = databaseQueryTool({
      database: tooldb,
      schemas: ['app', 'app2'],
      parser,
      clock,
      logger: log.logger,
    });
  });
  afterAll(async () => {
    await tooldb.close();
    await parser.onApplicationShutdown();
    await database.dataSource.query(`DROP OWNED BY "${role}"`);
    await database.dataSource.query(`DROP ROLE "${role}"`);
    await database.drop();
  });

  function open(limits: { timeoutMs?: number } = {}): ToolDatabase {
    return new ToolDatabase({
      ...{ url, schemas: ['app', 'app2'], timeoutMs: 1_000, maxRows: 100, maxBytes: 500_000 },
      ...limits,
    });
  }
  const query = (sql: string, userId = '1'): Promise<unknown> =>
    tool.execute({ mode: 'query', sql }, aToolContext({ userId }));
  const answer = (sql: string): Promise<string> =>
    query(sql).then(
      (result) => `answered ${JSON.stringify(result).slice(0, 200)}`,
      (error: Error & { code?: string }) =>
        error instanceof SqlRefused ? error.reason : `${error.name} ${error.code} ${error.message}`,
    );

  it('describes only what row-level security holds for, or what the operator has opened to all', async () => {
    const { tables } = (await tool.execute({ mode: 'describe' }, aToolContext())) as {
      tables: { name: string }[];
    };
    expect(tables.map(({ name }) => name)).toEqual([
      ...['app.events', 'app.orders', 'app.regions', 'app.v_mine', 'app2.m_orders', 'app2.stock'],
    ]);
  });

  it.each(HOLES.map(([sql, reason]) => [sql.slice(0, 90), sql, reason] as const))(
    'refuses %s',
    async (_name, sql, reason) => {
      expect(await answer(sql)).toMatch(reason);
    },
  );

  it.each(ALLOWED)('answers %s', async (sql) => {
    expect(await query(sql)).toMatchObject({ columns: expect.any(Array) });
  });

  it('gives JSON that is nested absurdly as text', async () => {
    const nested = `SELECT concat(string_agg('[', ''), string_agg(']', ''))::json FROM generate_series(1, 3000)`;
    expect(await query(nested)).toMatchObject({ rows: [[expect.stringMatching(/^\[{3000}\]{3000}$/)]] });
  });

  it('keeps a result small enough to be shown whole, and says that there is more', async () => {
    const wide = `SELECT string_agg(m::text, ' ') FROM generate_series(1, 90) n, generate_series(1, 500) m GROUP BY n`;
    const result = (await query(wide)) as { rows: unknown[]; row_count: number; truncated: boolean };
    expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThan(60_000);
    expect(result.row_count).toBe(result.rows.length);
    expect(result.truncated).toBe(true);
    const long = `SELECT string_agg(n::text, '') FROM generate_series(1, 20000) n`;
    expect(await query(long)).toMatchObject({ rows: [[expect.stringMatching(/…$/)]], truncated: true });
  });

  it.each<[JsonValue, JsonValue]>([
    [{ query: 'SELECT 1' }, { mode: 'query', sql: 'SELECT 1' }],
    [{ sql: 'SELECT 1' }, { mode: 'query', sql: 'SELECT 1' }],
    [
      { mode: 'query', query: 'SELECT 1' },
      { mode: 'query', sql: 'SELECT 1' },
    ],
    [{ describe: true }, { mode: 'describe' }],
  ])('understands %j', (short, long) => {
    expect(tool.parseInput(short)).toEqual({ ok: true, input: long });
  });

  it.each<[JsonValue]>([
    [{ query: 'SELECT 1', sql: 'SELECT 2' }],
    [{ query: 'SELECT 1', describe: true }],
    [{ describe: false }],
    [{ query: 7 }],
    [{}],
  ])('does not guess what %j means', (unclear) => {
    expect(tool.parseInput(unclear)).toMatchObject({ ok: false });
  });

  it('is busy, not broken, while others ask slow questions', async () => {
    const patient = open({ timeoutMs: 8_000 });
    const stop = new AbortController();
    const slow = Array.from({ length: 3 }, () =>
      patient.query(
        'SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b',
        '1',
        stop.signal,
      ),
    );
    const outcomes = Promise.allSettled(slow);
    const fourth = await patient
      .query('SELECT 1', '2', new AbortController().signal)
      .catch((error: Error) => error);
    expect(fourth).toMatchObject({ code: 'database_busy' });
    expect(fourth).not.toBeInstanceOf(ToolUnavailableError);
    stop.abort();
    await outcomes;
    expect(await patient.query('SELECT 1', '2', new AbortController().signal)).toMatchObject({ rows: [[1]] });
    await patient.close();
  });

  describe('with a role that may too much', () => {
    const withUrl = (other: string, kept: KeptLog): { tool: Tool; close: () => Promise<void> } => {
      const other_ = new ToolDatabase({
        ...{ url: other, schemas: ['app', 'app2'], timeoutMs: 1_000, maxRows: 10, maxBytes: 500_000 },
      });
      const parts = { database: other_, schemas: ['app', 'app2'], parser, clock, logger: kept.logger };
      return { tool: databaseQueryTool(parts), close: () => other_.close() };
    };

    it('does not work, and tells the operator why', async () => {
      const kept = new KeptLog();
      const mighty = withUrl(database.url, kept);
      const asked = mighty.tool.execute({ mode: 'query', sql: 'SELECT 1' }, aToolContext({ userId: '1' }));
      await expect(asked).rejects.toThrow(ToolUnavailableError);
      expect(kept.entries).toContainEqual({
        event: 'agent.tool.database_role_refused',
        faults: expect.arrayContaining([expect.stringContaining('superuser')]),
      });
      await mighty.close();
    });

    it.each([
      ['may write', `GRANT UPDATE (note) ON app.orders TO`, `REVOKE UPDATE (note) ON app.orders FROM`],
      ['create', `GRANT CREATE ON SCHEMA app2 TO`, `REVOKE CREATE ON SCHEMA app2 FROM`],
      ['predefined', `GRANT pg_read_all_data TO`, `REVOKE pg_read_all_data FROM`],
      ['owns', `ALTER TABLE app.regions OWNER TO`, `REASSIGN OWNED BY`],
    ])('notices that it %s', async (word, grant, revoke) => {
      await database.dataSource.query(`${grant} "${role}"`);
      const kept = new KeptLog();
      const mighty = withUrl(url, kept);
      const asked = mighty.tool.execute({ mode: 'describe' }, aToolContext({ userId: '1' }));
      await expect(asked).rejects.toThrow(ToolUnavailableError);
      expect(JSON.stringify(kept.entries)).toContain(word);
      await mighty.close();
      await database.dataSource.query(
        `${revoke} "${role}"${revoke.startsWith('REASSIGN') ? ' TO CURRENT_USER' : ''}`,
      );
    });

    it('says nothing of a role that the script has made', async () => {
      await query('SELECT 1');
      expect(log.entries).toEqual([]);
    });
  });

  describe('the database itself, with the operators’ script, when the check is passed by', () => {
    // As the script leaves it.
    beforeAll(async () => {
      const tables = 'ALL TABLES IN SCHEMA app, app2';
      await database.dataSource.query(`REVOKE SELECT ON ${tables} FROM "${role}"`);
      await database.dataSource.query(
        roleScript({ role, password: 'of-a-test', schemas: 'app,app2', keepForOthers: false }),
      );
    });

    /** What one session of the role is like for the next caller. */
    async function expectClean(): Promise<void> {
      const { rows } = await tooldb.query(
        `SELECT current_setting('app.user_id'), current_setting('statement_timeout'), current_setting('transaction_read_only'),
                current_setting('search_path'), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
                (SELECT count(DISTINCT user_id) FROM app.orders), (SELECT min(user_id) FROM app.orders)`,
        '2',
        new AbortController().signal,
      );
      expect(rows).toEqual([
        ['2', '1s', 'on', 'pg_catalog, app, app2, pg_temp', 0, 1, 2].map((value) => value),
      ]);
    }

    it.each(ATTACKS.map(({ id, cls, sql }) => [id, cls, sql] as const))(
      'contains %s (%s)',
      async (_id, _cls, sql) => {
        const statement = sql.endsWith('...') ? `SELECT ${'('.repeat(4_500)}1${')'.repeat(4_500)}` : sql;
        const outcome = await tooldb.query(statement, '1', new AbortController().signal).then(
          ({ rows }) => JSON.stringify(rows),
          (error: Error) => error,
        );
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ToolError);
        else expect(outcome).not.toMatch(/CANARY|tenant2|passwd|root:/);
        await expectClean();
      },
    );

    it.each([
      "SELECT set_config('app.user_id', '2', true)",
      "SELECT * FROM ts_stat('SELECT to_tsvector(note) FROM app.orders')",
      "SELECT lo_from_bytea(0, 'x')",
      'SELECT lo_creat(1)',
      "SELECT pg_notify('a', 'b')",
      'SELECT pg_advisory_lock(1)',
      'SELECT pg_try_advisory_xact_lock(1)',
      "SELECT query_to_xml('select 1', true, true, '')",
      'SELECT pg_sleep(0)',
      'SELECT pg_cancel_backend(pg_backend_pid())',
      "SELECT pg_logical_emit_message(false, 'a', 'b')",
    ])('lets the role not execute %s', async (sql) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
      await client.end();
    });

    it.each([
      ['CREATE TEMP TABLE t (a int)'],
      ['CREATE TABLE app.t (a int)'],
      ['INSERT INTO app.orders (user_id) VALUES (2)'],
      ['SET default_transaction_read_only = off; UPDATE app.orders SET total = 0'],
      ['SELECT * FROM secret.api_keys'],
      ['SELECT * FROM public.user_account'],
      ['SET ROLE postgres'],
    ])('lets the role not do %s', async (sql) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await expect(client.query(sql)).rejects.toMatchObject({
        code: expect.stringMatching(/^(42501|25006)$/),
      });
      await client.end();
    });
  });
});

import type { PinoLogger } from 'nestjs-pino';
import { z } from 'zod';
import type { JsonValue } from '../../../../shared/llm/json.js';
import type { Clock } from '../../../../shared/context/clock.js';
import { defineTool } from '../../define-tool.js';
import { type Tool, ToolError, ToolUnavailableError } from '../../tool.js';
import { checkSql } from './check-sql.js';
import type { ReadableNames } from './check-names.js';
import { type DescribedTable, describeSchema } from './describe-schema.js';
import { readNames } from './read-names.js';
import { readRoleRights, type RoleRights } from './role-rights.js';
import { MAX_SQL_LENGTH, type SqlParser } from './sql-parser.js';
import type { ToolDatabase } from './tool-database.js';

/** Longer than a query may take by itself. */
const TIMEOUT_MS = 60_000;
/** A table that was added is there after so long. */
const DESCRIPTION_TTL_MS = 60_000;

export interface DatabaseQueryParts {
  readonly database: ToolDatabase;
  readonly schemas: readonly string[];
  readonly parser: SqlParser;
  readonly clock: Clock;
  readonly logger: PinoLogger;
}

interface Description {
  readonly tables: readonly DescribedTable[];
  readonly names: ReadableNames;
}

/** Reads an application database with SQL that the model writes. */
export function databaseQueryTool({ database, schemas, parser, clock, logger }: DatabaseQueryParts): Tool {
  let reported = '';
  let known: { readonly content: Promise<Description>; readonly atMs: number } | undefined;

  /** Asked once, however many want to know. */
  function describe(): Promise<Description> {
    const nowMs = clock.monotonicMs();
    if (!known || nowMs - known.atMs > DESCRIPTION_TTL_MS) {
      const asked = { content: read(), atMs: nowMs };
      known = asked;
      asked.content.catch(() => {
        if (known === asked) known = undefined;
      });
    }
    return known.content;
  }

  async function read(): Promise<Description> {
    checkRights(await readRoleRights(database, schemas));
    const tables = await describeSchema(database, schemas);
    return { tables, names: await readNames(database, schemas, tables) };
  }

  /** Logged once for each change, and checked with every look at the schema: rights are granted while Perch runs. */
  function checkRights({ faults, warnings }: RoleRights): void {
    const found = JSON.stringify([faults, warnings]);
    const isNew = found !== reported;
    reported = found;
    if (isNew && warnings.length > 0) logger.warn({ event: 'agent.tool.database_role_may_much', warnings });
    if (faults.length === 0) return;
    if (isNew) logger.error({ event: 'agent.tool.database_role_refused', faults });
    throw new ToolUnavailableError('The database is not set up for this tool.');
  }

  const tool = defineTool({
    name: 'database_query',
    description:
      'Reads the application database with SQL (PostgreSQL). First call it with {"mode": "describe"} to see the tables and ' +
      'columns, then with {"mode": "query", "sql": "SELECT …"}. Only one SELECT at a time; nothing can be changed. Rows ' +
      'that do not belong to the user are not there. Aggregate in SQL instead of fetching many rows.',
    input: z.strictObject({
      mode: z.enum(['describe', 'query']),
      sql: z
        .string()
        .min(1)
        .max(MAX_SQL_LENGTH)
        .optional()
        .describe('For mode "query": one SELECT statement.'),
    }),
    sideEffect: 'read',
    returnsPrivate: true,
    isIdempotent: true,
    timeoutMs: TIMEOUT_MS,
    whenDown: 'The database cannot be reached at the moment. Say so, and go on without it.',
    execute: async ({ mode, sql }, { userId, signal }): Promise<JsonValue> => {
      const { tables, names } = await describe();
      if (mode === 'describe') {
        return { dialect: 'PostgreSQL', tables: tables.map(toJson) };
      }
      if (sql === undefined) throw new ToolError('sql_missing', 'Mode "query" needs the parameter "sql".');
      const statement = withoutEnd(sql);
      checkSql(await parser.parse(statement), names);
      const { columns, rows, truncated } = await database.query(statement, userId, signal);
      return {
        columns: columns.map((column) => ({ ...column })),
        rows: rows.map((row) => [...row]),
        row_count: rows.length,
        truncated,
      };
    },
  });
  return { ...tool, parseInput: (raw) => tool.parseInput(inLongForm(raw)) };
}

/** The short forms, which leave no doubt about what is meant: `{"query": "SELECT …"}` and `{"describe": true}`. */
function inLongForm(raw: JsonValue): JsonValue {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return raw;
  const { query, describe, ...rest } = raw;
  if (query !== undefined && rest.sql === undefined && describe !== true) {
    return { mode: 'query', ...rest, sql: query };
  }
  if (describe === true && query === undefined) return { mode: 'describe', ...rest };
  if (rest.sql !== undefined && query === undefined && describe === undefined)
    return { mode: 'query', ...rest };
  return raw;
}

/** A semicolon at the end is how people write; the statement becomes a part of another one. */
function withoutEnd(sql: string): string {
  let end = sql.length;
  while (end > 0 && /[\s;]/.test(sql[end - 1]!)) end -= 1;
  return sql.slice(0, end).trimStart();
}

function toJson({ name, comment, columns, references }: DescribedTable): JsonValue {
  return {
    name,
    ...(comment === undefined ? {} : { comment }),
    columns: columns.map((column): JsonValue => ({
      name: column.name,
      type: column.type,
      ...(column.comment === undefined ? {} : { comment: column.comment }),
    })),
    ...(references.length === 0 ? {} : { references: [...references] }),
  };
}

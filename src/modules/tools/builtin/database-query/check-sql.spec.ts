import { checkSql } from './check-sql.js';
import type { ReadableNames } from './check-names.js';
import { SqlParser } from './sql-parser.js';
import { SqlRefused } from './sql-refused.js';

const NAMES: ReadableNames = {
  tables: new Set(['app.orders', 'app2.stock']),
  bareTables: new Set(['orders']),
  columns: new Set(['id', 'total', 'current_query', 'leak']),
  callable: new Set(['ts_stat', 'leak', 'lower', 'current_query', 'time']),
  ownFunctions: new Set(['leak', 'lower']),
  ownOperators: new Set(['||']),
};

describe(checkSql.name, () => {
  const parser = new SqlParser();
  afterAll(() => parser.onApplicationShutdown());

  const verdict = async (sql: string): Promise<string> => {
    try {
      checkSql(await parser.parse(sql), NAMES);
      return 'allowed';
    } catch (error) {
      if (error instanceof SqlRefused) return error.reason;
      throw error;
    }
  };

  it.each([
    ['SELECT * FROM stock', 'table_denied'],
    ['SELECT * FROM app2.stock', 'allowed'],
    ['SELECT * FROM app.orders, orders o', 'allowed'],
    // A name of WITH goes before a table, and does not reach behind its statement.
    ['WITH stock AS (SELECT 1) SELECT * FROM stock', 'allowed'],
    ['SELECT (WITH stock AS (SELECT 1 AS a) SELECT a FROM stock) FROM stock', 'table_denied'],
    ['WITH stock AS (SELECT * FROM stock) SELECT 1', 'table_denied'],
    ['WITH stock AS (SELECT 1) SELECT * FROM app.stock', 'table_denied'],
    ["SELECT ('x'::text).ts_stat", 'function_denied'],
    ["SELECT (('x'::text).ts_stat).word", 'function_denied'],
    ['SELECT o.ts_stat FROM orders o', 'function_denied'],
    ['SELECT (o).leak FROM orders o', 'function_denied'],
    ['SELECT o.leak FROM orders o', 'function_denied'],
    ['SELECT leak FROM orders', 'allowed'],
    ['SELECT s.time FROM (SELECT 1 AS time) s', 'allowed'],
    ['SELECT lower(total) FROM orders', 'function_denied'],
    ['SELECT pg_catalog.lower(total) FROM orders', 'allowed'],
    ['SELECT app.lower(total) FROM orders', 'function_denied'],
    ['SELECT o.lower FROM orders o', 'function_denied'],
    ['SELECT total || 1 FROM orders', 'operator_denied'],
    ['SELECT total OPERATOR(pg_catalog.||) 1 FROM orders', 'allowed'],
    // A column of this name is a column, but not of a value.
    ['SELECT o.current_query FROM orders o', 'allowed'],
    ['SELECT (1).current_query', 'function_denied'],
    ['SELECT current_query FROM orders', 'allowed'],
    ['SELECT (o).total, (o).* FROM orders o', 'allowed'],
    // Replacements multiply, wherever they stand; those that shorten, or lengthen a little, do not matter.
    [`SELECT replace(replace('aaaa', 'a', '${'a'.repeat(999)}'), 'a', 'aa')`, 'text_growth'],
    [
      `SELECT replace(v, 'a', '${'a'.repeat(99)}') FROM (SELECT replace('a', 'a', '${'a'.repeat(99)}') AS v) s`,
      'text_growth',
    ],
    [
      `SELECT regexp_replace(regexp_replace('a', '', '${'a'.repeat(99)}', 'g'), '', '${'a'.repeat(99)}', 'g')`,
      'text_growth',
    ],
    [`SELECT replace(v, 'a', v) FROM (SELECT '${'a'.repeat(2_000)}' AS v) s`, 'text_growth'],
    ["SELECT replace(replace(replace(total::text, '-', ''), ' ', ''), '.', ',') FROM orders", 'allowed'],
    [
      "SELECT replace('Dear {name}', '{name}', total::text), replace(total::text, '&', '&amp;') FROM orders",
      'allowed',
    ],
    [
      "SELECT regexp_replace(regexp_replace(total::text, '[^0-9]', '', 'g'), '(.)(.)', '\\2 \\1') FROM orders",
      'allowed',
    ],
  ])('of %s says %s', async (sql, expected) => {
    expect(await verdict(sql)).toBe(expected);
  });
});

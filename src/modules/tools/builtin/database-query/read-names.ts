import type { ReadableNames } from './check-names.js';
import type { DescribedTable } from './describe-schema.js';
import type { ToolDatabase } from './tool-database.js';

/**
 * Names behind a dot that may call something. Left out are functions that compute from their argument alone, wherever they
 * are called from: their names are those of common columns (`name`, `area`). Types are there because their names cast.
 */
const CALLABLE = `
  SELECT p.proname AS name
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
   WHERE p.pronargs > 0 AND (p.pronargs - p.pronargdefaults <= 1 OR p.provariadic <> 0)
     AND (n.nspname = ANY ($1::text[]) OR (n.nspname = 'pg_catalog' AND p.provolatile <> 'i'))
  UNION
  SELECT t.typname FROM pg_catalog.pg_type t
   WHERE t.typnamespace = 'pg_catalog'::regnamespace
     AND (t.typname LIKE 'reg%' OR t.typname IN ('oid', 'xid', 'xid8', 'cid', 'tid', 'pg_lsn'))`;

/** What an operator has written himself; extensions are not there to be taken for something else. */
const own = (catalog: string, name: string, namespace: string): string => `
  SELECT DISTINCT o.${name} AS name
    FROM pg_catalog.${catalog} o JOIN pg_catalog.pg_namespace n ON n.oid = o.${namespace}
   WHERE n.nspname = ANY ($1::text[]) AND NOT EXISTS (
     SELECT 1 FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.${catalog}'::regclass AND d.objid = o.oid AND d.deptype = 'e')`;

const NAMES = `
  SELECT (SELECT coalesce(json_agg(name), '[]') FROM (${CALLABLE}) c) AS callable,
         (SELECT coalesce(json_agg(name), '[]') FROM (${own('pg_proc', 'proname', 'pronamespace')}) f) AS functions,
         (SELECT coalesce(json_agg(name), '[]') FROM (${own('pg_operator', 'oprname', 'oprnamespace')}) o) AS operators`;

/** Asks the catalog what names mean that a statement over these tables may contain. */
export async function readNames(
  database: ToolDatabase,
  schemas: readonly string[],
  tables: readonly DescribedTable[],
): Promise<ReadableNames> {
  const [row] = await database.read<{ callable: string; functions: string; operators: string }>(NAMES, [
    schemas,
  ]);
  const parsed = (list: string | undefined): ReadonlySet<string> =>
    new Set(JSON.parse(list ?? '[]') as string[]);
  return {
    tables: new Set(tables.map(({ name }) => name)),
    bareTables: new Set(tables.flatMap(({ bareName }) => bareName ?? [])),
    columns: new Set(tables.flatMap(({ columns }) => columns.map(({ name }) => name))),
    callable: parsed(row?.callable),
    ownFunctions: parsed(row?.functions),
    ownOperators: parsed(row?.operators),
  };
}

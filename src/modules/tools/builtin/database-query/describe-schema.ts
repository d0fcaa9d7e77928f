import type { ToolDatabase } from './tool-database.js';

export interface DescribedColumn {
  readonly name: string;
  readonly type: string;
  readonly comment?: string;
}

export interface DescribedTable {
  /** `schema.name` */
  readonly name: string;
  /** The name without its schema, where it means this table. */
  readonly bareName?: string;
  readonly comment?: string;
  readonly columns: readonly DescribedColumn[];
  /** `column → schema.table.column` */
  readonly references: readonly string[];
}

/**
 * Where row-level security does not hold: views that look at guarded tables with their owner's eyes instead of the reader's
 * (`security_invoker`), materialised views, and foreign tables.
 */
const UNGUARDED = `
  SELECT c.oid FROM pg_catalog.pg_class c
   WHERE c.relkind IN ('m', 'f')
      OR (c.relkind = 'v' AND NOT EXISTS (
            SELECT 1 FROM pg_catalog.pg_options_to_table(c.reloptions) o
             WHERE o.option_name = 'security_invoker' AND o.option_value::boolean)
          AND EXISTS (SELECT 1 FROM reaches r JOIN pg_catalog.pg_class t ON t.oid = r.relation
                       WHERE r.view = c.oid
                         AND (t.relrowsecurity OR EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhrelid = t.oid))))`;

/** What views look into, also through other views. */
const REACHES = `
  SELECT DISTINCT r.ev_class AS view, d.refobjid AS relation
    FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
   WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> r.ev_class`;

/**
 * What the role may read. Parts of partitioned and inherited tables are left out: the policies of the whole do not hold
 * for who reads a part by its own name.
 */
const READABLE = `
  SELECT c.oid, n.nspname || '.' || c.relname AS name, obj_description(c.oid, 'pg_class') AS comment,
         CASE WHEN pg_table_is_visible(c.oid) THEN c.relname END AS bare_name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($1::text[]) AND has_schema_privilege(n.oid, 'USAGE')
     AND c.relkind IN ('r', 'p', 'v') AND has_any_column_privilege(c.oid, 'SELECT')
     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid)
     AND c.oid NOT IN (SELECT oid FROM unguarded)
     AND c.oid NOT IN (SELECT r.view FROM reaches r JOIN unguarded u ON u.oid = r.relation)`;

const DESCRIPTION = `
  WITH RECURSIVE direct AS (${REACHES}),
  reaches AS (SELECT * FROM direct UNION SELECT r.view, d.relation FROM reaches r JOIN direct d ON d.view = r.relation),
  unguarded AS (${UNGUARDED}),
  readable AS (${READABLE})
  SELECT r.name, r.bare_name, r.comment,
         (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                                            'comment', col_description(r.oid, a.attnum)) ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
             AND has_column_privilege(r.oid, a.attnum, 'SELECT')) AS columns,
         (SELECT coalesce(json_agg(a.attname || ' → ' || target.name || '.' || f.attname), '[]')
            FROM pg_catalog.pg_constraint k
            JOIN readable target ON target.oid = k.confrelid
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
            JOIN pg_catalog.pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = k.confkey[1]
           WHERE k.conrelid = r.oid AND k.contype = 'f' AND cardinality(k.conkey) = 1) AS refs
    FROM readable r ORDER BY r.name LIMIT 200`;

interface TableRow {
  name: string;
  bare_name: string | null;
  comment: string | null;
  /** JSON text. */
  columns: string | null;
  refs: string;
}

/** Asks the catalog, as the restricted role sees it. */
export async function describeSchema(
  database: ToolDatabase,
  schemas: readonly string[],
): Promise<DescribedTable[]> {
  const rows = await database.read<TableRow>(DESCRIPTION, [schemas]);
  return rows.map((row) => ({
    name: row.name,
    ...(row.bare_name === null ? {} : { bareName: row.bare_name }),
    ...(row.comment === null ? {} : { comment: row.comment }),
    columns: (
      JSON.parse(row.columns ?? '[]') as { name: string; type: string; comment: string | null }[]
    ).map(({ name, type, comment }) => ({ name, type, ...(comment === null ? {} : { comment }) })),
    references: JSON.parse(row.refs) as string[],
  }));
}

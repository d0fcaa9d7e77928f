import type { ToolDatabase } from './tool-database.js';

export interface DescribedColumn {
  readonly name: string;
  readonly type: string;
  readonly comment?: string;
}

export interface DescribedTable {
  /** `schema.name` */
  readonly name: string;
  readonly comment?: string;
  readonly columns: readonly DescribedColumn[];
  /** `column → schema.table.column` */
  readonly references: readonly string[];
}

/**
 * What the role may read. Views count only if they look with the reader's eyes (`security_invoker`), and materialised views
 * and foreign tables never: they know nothing of row-level security.
 */
const READABLE = `
  SELECT c.oid, n.nspname || '.' || c.relname AS name, obj_description(c.oid, 'pg_class') AS comment
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($1::text[]) AND has_schema_privilege(n.oid, 'USAGE')
     AND (c.relkind IN ('r', 'p')
          OR (c.relkind = 'v' AND EXISTS (
                SELECT 1 FROM unnest(c.reloptions) AS o(text) WHERE lower(o.text) IN ('security_invoker=true', 'security_invoker=on', 'security_invoker=1', 'security_invoker=yes'))))
     AND (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'))`;

const DESCRIPTION = `
  WITH readable AS (${READABLE})
  SELECT r.name, r.comment,
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
    ...(row.comment === null ? {} : { comment: row.comment }),
    columns: (
      JSON.parse(row.columns ?? '[]') as { name: string; type: string; comment: string | null }[]
    ).map(({ name, type, comment }) => ({ name, type, ...(comment === null ? {} : { comment }) })),
    references: JSON.parse(row.refs) as string[],
  }));
}

import type { ToolDatabase } from './tool-database.js';

export interface RoleRights {
  /** Row-level security or the database itself would not hold: the tool must not work with such a role. */
  readonly faults: readonly string[];
  /** What then rests on the check of the SQL alone. */
  readonly warnings: readonly string[];
}

/** With views that look with their reader's eyes. */
const MIN_VERSION = 150_000;

/** Each member in words for an operator; the SQL is true when it is so. $1: the schemas. */
const FAULTS: Readonly<Record<string, string>> = {
  'the server is older than PostgreSQL 15': `current_setting('server_version_num')::integer < ${MIN_VERSION}`,
  'the database is not encoded in UTF8': `current_setting('server_encoding') <> 'UTF8'`,
  'the role is, or may become, one that is a superuser, passes row-level security by, or makes roles': `
    EXISTS (SELECT 1 FROM pg_catalog.pg_roles r WHERE pg_has_role(r.oid, 'MEMBER')
              AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication))`,
  'the role belongs to one of the predefined roles (pg_…)': `
    EXISTS (SELECT 1 FROM pg_catalog.pg_roles r WHERE r.rolname LIKE 'pg\\_%' AND pg_has_role(r.oid, 'MEMBER'))`,
  'the role owns tables, and row-level security does not apply to an owner': `
    EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = ANY ($1::text[]) AND pg_has_role(c.relowner, 'MEMBER'))`,
  'the role may write to tables': `
    EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('r', 'p', 'v', 'f')
               AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
                    OR has_any_column_privilege(c.oid, 'INSERT, UPDATE')))`,
  'the role may create things in the schemas': `
    EXISTS (SELECT 1 FROM pg_catalog.pg_namespace n
             WHERE n.nspname = ANY ($1::text[]) AND has_schema_privilege(n.oid, 'CREATE'))`,
};

const mayExecute = (signature: string): string =>
  `has_function_privilege('pg_catalog.${signature}', 'EXECUTE')`;

const WARNINGS: Readonly<Record<string, string>> = {
  'set_config may be executed, so that row-level security by app.user_id rests on the check of the SQL alone':
    mayExecute('set_config(text, text, boolean)'),
  'functions with side effects may be executed (lo_*, pg_notify, pg_advisory_*, *_to_xml, ts_stat)': [
    mayExecute('lo_from_bytea(oid, bytea)'),
    mayExecute('pg_notify(text, text)'),
    mayExecute('pg_advisory_lock(bigint)'),
    mayExecute('query_to_xml(text, boolean, boolean, text)'),
    mayExecute('ts_stat(text)'),
  ].join(' OR '),
  'temporary tables may be made': `has_database_privilege(current_database(), 'TEMPORARY')`,
};

/** Asks what the role might do if something got past the check. */
export async function readRoleRights(
  database: ToolDatabase,
  schemas: readonly string[],
): Promise<RoleRights> {
  const questions = [...Object.values(FAULTS), ...Object.values(WARNINGS)];
  const columns = questions.map((sql, index) => `(${sql}) AS q${index}`).join(', ');
  const [row = {}] = await database.read<Record<string, string>>(
    `SELECT ${columns} FROM (SELECT $1::text[]) AS schemas`,
    [schemas],
  );
  const texts = [...Object.keys(FAULTS), ...Object.keys(WARNINGS)];
  // An answer that is missing is no answer.
  const isSo = texts.map((_, index) => row[`q${index}`] !== 'f');
  const count = Object.keys(FAULTS).length;
  return {
    faults: texts.filter((_, index) => index < count && isSo[index]),
    warnings: texts.filter((_, index) => index >= count && isSo[index]),
  };
}

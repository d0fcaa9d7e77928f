import pg from 'pg';

export interface RestrictedRole {
  readonly name: string;
  readonly password: string;
  readonly schemas: readonly string[];
  /** Schemas that views look into; what is in them is not told of. */
  readonly alsoSchemas: readonly string[];
}

/** What PostgreSQL lets everybody do, and what has nothing to do in a query: taken from everybody, so the database is ours. */
const FUNCTIONS_OF_NOBODY = [
  `p.proname IN ('set_config', 'pg_notify', 'pg_sleep', 'pg_sleep_for', 'pg_sleep_until', 'dblink', 'dblink_exec')`,
  `p.proname LIKE 'lo\\_%' OR p.proname IN ('loread', 'lowrite')`,
  `p.proname LIKE 'pg\\_advisory%' OR p.proname LIKE 'pg\\_try\\_advisory%'`,
  `p.proname LIKE '%\\_to\\_xml%' OR p.proname LIKE 'pg\\_logical\\_emit%'`,
].join(' OR ');

/**
 * Statements that make a role which may read these schemas and nothing else. Idempotent; \`docs/guides/database-query.md\` has
 * the same for a database of yours.
 */
export function createRestrictedRole({ name, password, schemas, alsoSchemas }: RestrictedRole): string {
  const role = pg.escapeIdentifier(name);
  const readable = [...schemas, ...alsoSchemas].map((schema) => pg.escapeIdentifier(schema)).join(', ');
  return `
DO $$ BEGIN
  CREATE ROLE ${role};
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
ALTER ROLE ${role} LOGIN PASSWORD ${pg.escapeLiteral(password)}
  NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 100;
ALTER ROLE ${role} SET default_transaction_read_only = on;
ALTER ROLE ${role} SET statement_timeout = '10s';
ALTER ROLE ${role} SET lock_timeout = '5s';
ALTER ROLE ${role} SET idle_in_transaction_session_timeout = '15s';
ALTER ROLE ${role} SET search_path = ${schemas.map((schema) => pg.escapeIdentifier(schema)).join(', ')};
DO $$ BEGIN
  ALTER ROLE ${role} SET temp_file_limit = '256MB';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
GRANT USAGE ON SCHEMA ${readable} TO ${role};
GRANT SELECT ON ALL TABLES IN SCHEMA ${readable} TO ${role};
`;
}

/** Only for a database that is Perch's alone: it takes from every role but its owner what no query needs. */
export const CLOSE_DATABASE = `
DO $$ DECLARE f record; BEGIN
  FOR f IN SELECT p.oid::regprocedure AS signature FROM pg_catalog.pg_proc p
            JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname = 'pg_catalog' AND (${FUNCTIONS_OF_NOBODY}) LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f.signature);
  END LOOP;
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$;
`;

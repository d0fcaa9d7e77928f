import pg from 'pg';

export interface RestrictedRole {
  readonly name: string;
  readonly password: string;
  readonly schemas: readonly string[];
  /** Schemas that views look into; what is in them is not told of. */
  readonly alsoSchemas: readonly string[];
}

/**
 * What PostgreSQL lets everybody do and no query needs: what changes something although a transaction is read-only, and what
 * runs SQL that is hidden in a text. `scripts/tool-database-role.sql` has the same list; a test compares.
 */
export const FUNCTIONS_OF_NOBODY = `p.proname ~ '^(lo_|pg_advisory|pg_try_advisory|pg_sleep|pg_logical_emit|pg_replication_origin)'
       OR p.proname ~ '(^|_)to_xml'
       OR p.proname IN ('set_config', 'pg_notify', 'loread', 'lowrite', 'pg_cancel_backend', 'pg_terminate_backend',
                        'pg_export_snapshot', 'pg_current_xact_id', 'txid_current', 'nextval', 'setval', 'ts_stat',
                        'ts_rewrite')`;

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

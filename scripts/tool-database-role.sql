-- Makes the role that the tool `database_query` reads with, in the database in which this is run. Run it as a superuser; it may
-- be run again, and should be after an upgrade of PostgreSQL and for new tables. See docs/guides/database-query.md.

-- Set these first. The schemas are those that may be read, separated by commas without spaces.
SELECT set_config('perch.reader_role', 'perch_reader', false),
       set_config('perch.reader_password', '', false),
       set_config('perch.reader_schemas', 'public', false),
       -- 'on': roles that exist keep what is taken from PUBLIC below. 'off': only superusers need it.
       set_config('perch.keep_for_others', 'on', false);

BEGIN;

-- The role, and the settings that its sessions start with.
DO $role$
DECLARE
  reader text := current_setting('perch.reader_role');
  path text;
BEGIN
  IF current_setting('perch.reader_password') = '' THEN
    RAISE EXCEPTION 'set perch.reader_password first';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader) THEN
    EXECUTE format('CREATE ROLE %I', reader);
  END IF;
  EXECUTE format(
    'ALTER ROLE %I LOGIN PASSWORD %L NOSUPERUSER NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 100',
    reader, current_setting('perch.reader_password'));
  SELECT string_agg(quote_ident(schema), ', ') INTO path
    FROM unnest(string_to_array(current_setting('perch.reader_schemas'), ',')) AS schema;
  EXECUTE format('ALTER ROLE %I SET search_path = pg_catalog, %s, pg_temp', reader, path);
  EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', reader);
  EXECUTE format('ALTER ROLE %I SET statement_timeout = ''30s''', reader);
  EXECUTE format('ALTER ROLE %I SET lock_timeout = ''5s''', reader);
  EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''60s''', reader);
  EXECUTE format('ALTER ROLE %I SET temp_file_limit = ''256MB''', reader);
  EXECUTE format('ALTER ROLE %I SET row_security = on', reader);
  -- All users of Perch share the role: none may see what another one asks.
  EXECUTE format('ALTER ROLE %I SET track_activities = off', reader);
END
$role$;

-- Reading alone, and only where row-level security holds: tables that have it, and views that read with their reader's
-- rights. Others are named; GRANT SELECT on those of them that every user of Perch may read whole.
DO $grants$
DECLARE
  reader text := current_setting('perch.reader_role');
  schema text;
  relation record;
BEGIN
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), reader);
  FOREACH schema IN ARRAY string_to_array(current_setting('perch.reader_schemas'), ',') LOOP
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', schema);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', schema, reader);
    FOR relation IN
      SELECT c.oid::regclass AS name,
             (c.relkind IN ('r', 'p') AND c.relrowsecurity AND NOT c.relispartition)
             OR (c.relkind = 'v' AND EXISTS (
                   SELECT FROM pg_options_to_table(c.reloptions) o
                    WHERE o.option_name = 'security_invoker' AND o.option_value::boolean)) AS is_guarded
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = schema AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    LOOP
      IF relation.is_guarded THEN
        EXECUTE format('GRANT SELECT ON %s TO %I', relation.name, reader);
      ELSE
        RAISE NOTICE 'not granted, because row-level security does not guard it: %', relation.name;
      END IF;
    END LOOP;
  END LOOP;
END
$grants$;

-- What no query needs: what changes something although a transaction is read-only, and what runs SQL hidden in a text.
DO $revoke$
DECLARE
  fn regprocedure;
  other name;
BEGIN
  FOR fn IN
    SELECT p.oid::regprocedure FROM pg_proc p
     WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND has_function_privilege('public', p.oid, 'EXECUTE')
       AND (p.proname ~ '^(lo_|pg_advisory|pg_try_advisory|pg_sleep|pg_logical_emit|pg_replication_origin)'
       OR p.proname ~ '(^|_)to_xml'
       OR p.proname IN ('set_config', 'pg_notify', 'loread', 'lowrite', 'pg_cancel_backend', 'pg_terminate_backend',
                        'pg_export_snapshot', 'pg_current_xact_id', 'txid_current', 'nextval', 'setval', 'ts_stat',
                        'ts_rewrite'))
  LOOP
    IF current_setting('perch.keep_for_others') = 'on' THEN
      FOR other IN
        SELECT rolname FROM pg_roles
         WHERE NOT rolsuper AND rolname !~ '^pg_' AND rolname <> current_setting('perch.reader_role')
      LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', fn, other);
      END LOOP;
    END IF;
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', fn);
  END LOOP;
END
$revoke$;

COMMIT;

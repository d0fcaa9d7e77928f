import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The audit trail becomes a chain: entries get a number and a hash once, and are neither changed nor removed. What is there
 * already is sealed like everything new.
 */
export class AuditChain1764600600000 implements MigrationInterface {
  readonly name = 'AuditChain1764600600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE audit_entry
        ADD COLUMN actor_kind text NOT NULL DEFAULT 'user',
        ADD COLUMN outcome text NOT NULL DEFAULT 'ok',
        ADD COLUMN client_network text,
        ADD COLUMN client_hash text,
        ADD COLUMN seq bigint,
        ADD COLUMN hash text,
        ADD CONSTRAINT audit_entry_seq_once UNIQUE (seq),
        ADD CONSTRAINT audit_entry_actor_kind_known CHECK (actor_kind IN ('user', 'key', 'service', 'system')),
        ADD CONSTRAINT audit_entry_outcome_known CHECK (outcome IN ('ok', 'refused', 'failed'))`);
    await runner.query(`CREATE INDEX audit_entry_unsealed ON audit_entry (id) WHERE seq IS NULL`);
    await runner.query(
      `UPDATE audit_entry SET outcome = 'refused' WHERE action IN ('tool.refused', 'tool.denied', 'tool.expired')`,
    );
    await runner.query(`UPDATE audit_entry SET actor_kind = 'system' WHERE action = 'tool.expired'`);

    await runner.query(`
      CREATE TABLE audit_head (
        id boolean NOT NULL,
        seq bigint NOT NULL,
        hash text NOT NULL,
        CONSTRAINT audit_head_pk PRIMARY KEY (id),
        CONSTRAINT audit_head_single CHECK (id)
      )`);
    await runner.query(`INSERT INTO audit_head VALUES (true, 0, repeat('0', 64))`);

    await runner.query(`
      CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'integrity_constraint_violation';
      END $$`);
    await runner.query(`
      CREATE FUNCTION audit_refuse_when_begun() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT 1 FROM audit_head WHERE seq > 0) THEN
          RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER audit_entry_begins_unsealed BEFORE INSERT ON audit_entry FOR EACH ROW
        WHEN (NEW.seq IS NOT NULL OR NEW.hash IS NOT NULL) EXECUTE FUNCTION audit_refuse()`);
    // The one change there is: from unsealed to sealed, and nothing else of the entry.
    await runner.query(`
      CREATE TRIGGER audit_entry_is_only_sealed BEFORE UPDATE ON audit_entry FOR EACH ROW
        WHEN (OLD.seq IS NOT NULL OR NEW.seq IS NULL OR NEW.hash IS NULL
              OR to_jsonb(OLD) - 'seq' - 'hash' IS DISTINCT FROM to_jsonb(NEW) - 'seq' - 'hash')
        EXECUTE FUNCTION audit_refuse()`);
    await runner.query(`
      CREATE TRIGGER audit_entry_stays BEFORE DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_refuse()`);
    await runner.query(`
      CREATE TRIGGER audit_entries_stay BEFORE TRUNCATE ON audit_entry EXECUTE FUNCTION audit_refuse_when_begun()`);
    await runner.query(`
      CREATE TRIGGER audit_head_goes_forward BEFORE UPDATE ON audit_head FOR EACH ROW
        WHEN (NEW.seq <= OLD.seq) EXECUTE FUNCTION audit_refuse()`);
    await runner.query(`
      CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head FOR EACH ROW EXECUTE FUNCTION audit_refuse()`);
    await runner.query(`
      CREATE TRIGGER audit_head_is_kept BEFORE TRUNCATE ON audit_head EXECUTE FUNCTION audit_refuse()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE audit_head`);
    for (const trigger of ['begins_unsealed', 'is_only_sealed', 'stays'])
      await runner.query(`DROP TRIGGER audit_entry_${trigger} ON audit_entry`);
    await runner.query(`DROP TRIGGER audit_entries_stay ON audit_entry`);
    await runner.query(`DROP FUNCTION audit_refuse`);
    await runner.query(`DROP FUNCTION audit_refuse_when_begun`);
    await runner.query(`
      ALTER TABLE audit_entry
        DROP COLUMN actor_kind, DROP COLUMN outcome, DROP COLUMN client_network, DROP COLUMN client_hash,
        DROP COLUMN seq, DROP COLUMN hash`);
  }
}

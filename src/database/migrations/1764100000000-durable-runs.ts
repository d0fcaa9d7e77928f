import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Runs that are queued, taken over, replayed and repeated: see docs/decisions and ARCHITECTURE.md. */
export class DurableRuns1764100000000 implements MigrationInterface {
  readonly name = 'DurableRuns1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    // How many runs wait is kept in the conversation's row: whoever holds its lock knows it exactly.
    await runner.query(`
      ALTER TABLE conversation
        ADD COLUMN next_ordinal integer NOT NULL DEFAULT 1,
        ADD COLUMN queued_runs integer NOT NULL DEFAULT 0`);

    await runner.query(`
      ALTER TABLE run
        ADD COLUMN ordinal integer NOT NULL DEFAULT 0,
        ADD COLUMN is_background boolean NOT NULL DEFAULT false,
        ADD COLUMN user_message_id uuid,
        ADD COLUMN input jsonb,
        ADD COLUMN cancel_requested_at timestamptz,
        ADD COLUMN deadline_at timestamptz,
        ADD COLUMN orphaned_epoch integer`);
    await runner.query(
      `CREATE INDEX run_queue_by_user ON run (user_id, created_at, id) WHERE status = 'queued'`,
    );
    await runner.query(
      `CREATE INDEX run_queue_by_conversation ON run (conversation_id, ordinal) WHERE status = 'queued'`,
    );
    await runner.query(
      `CREATE INDEX run_background_by_user ON run (user_id) WHERE status = 'running' AND is_background`,
    );

    // Text, not jsonb: a replay has to be the same bytes, with the members in the order in which they were sent.
    await runner.query(`
      CREATE TABLE run_event (
        run_id uuid NOT NULL,
        first_id integer NOT NULL,
        last_id integer NOT NULL,
        is_settled boolean NOT NULL,
        events text NOT NULL,
        CONSTRAINT run_event_pk PRIMARY KEY (run_id, first_id),
        CONSTRAINT run_event_run_fk FOREIGN KEY (run_id) REFERENCES run (id) ON DELETE CASCADE
      )`);

    // No foreign key to the run: a key stays used when its conversation is erased.
    await runner.query(`
      CREATE TABLE idempotency_key (
        user_id uuid NOT NULL,
        key text NOT NULL,
        body_hash bytea NOT NULL,
        run_id uuid NOT NULL,
        session_id uuid,
        claimed_until timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT idempotency_key_pk PRIMARY KEY (user_id, key),
        CONSTRAINT idempotency_key_user_fk FOREIGN KEY (user_id) REFERENCES user_account (id) ON DELETE CASCADE
      )`);
    await runner.query(`CREATE INDEX idempotency_key_by_expiry ON idempotency_key (expires_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE idempotency_key`);
    await runner.query(`DROP TABLE run_event`);
    await runner.query(`DROP INDEX run_background_by_user`);
    await runner.query(`DROP INDEX run_queue_by_conversation`);
    await runner.query(`DROP INDEX run_queue_by_user`);
    await runner.query(`
      ALTER TABLE run
        DROP COLUMN ordinal, DROP COLUMN is_background, DROP COLUMN user_message_id, DROP COLUMN input,
        DROP COLUMN cancel_requested_at, DROP COLUMN deadline_at, DROP COLUMN orphaned_epoch`);
    await runner.query(`ALTER TABLE conversation DROP COLUMN next_ordinal, DROP COLUMN queued_runs`);
  }
}

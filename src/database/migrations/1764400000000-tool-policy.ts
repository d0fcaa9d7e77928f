import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tools by user, and calls that wait for a person's yes. */
export class ToolPolicy1764400000000 implements MigrationInterface {
  readonly name = 'ToolPolicy1764400000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE user_account ADD COLUMN tools jsonb NOT NULL DEFAULT '{}'`);
    await runner.query(`
      ALTER TABLE run
        ADD COLUMN suspended_at timestamptz,
        ADD COLUMN readmitted_at timestamptz`);
    await runner.query(`ALTER TABLE step DROP CONSTRAINT step_status_known`);
    await runner.query(
      `ALTER TABLE step ADD CONSTRAINT step_status_known CHECK (status IN ('waiting', 'started', 'done', 'unknown', 'error'))`,
    );
    await runner.query(`
      CREATE TABLE tool_approval (
        run_id uuid NOT NULL,
        seq integer NOT NULL,
        user_id uuid NOT NULL,
        call_id text NOT NULL,
        tool_name text NOT NULL,
        input jsonb NOT NULL,
        call_hash text NOT NULL,
        decision text,
        reason text,
        requested_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        decided_at timestamptz,
        used_at timestamptz,
        CONSTRAINT tool_approval_pk PRIMARY KEY (run_id, seq),
        CONSTRAINT tool_approval_run_fk FOREIGN KEY (run_id) REFERENCES run (id) ON DELETE CASCADE,
        CONSTRAINT tool_approval_decision_known CHECK (decision IN ('approved', 'denied', 'expired'))
      )`);
    await runner.query(
      `CREATE INDEX tool_approval_open ON tool_approval (expires_at) WHERE decision IS NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tool_approval`);
    await runner.query(`UPDATE step SET status = 'started' WHERE status = 'waiting'`);
    await runner.query(`ALTER TABLE step DROP CONSTRAINT step_status_known`);
    await runner.query(
      `ALTER TABLE step ADD CONSTRAINT step_status_known CHECK (status IN ('started', 'done', 'unknown', 'error'))`,
    );
    await runner.query(`ALTER TABLE run DROP COLUMN suspended_at, DROP COLUMN readmitted_at`);
    await runner.query(`ALTER TABLE user_account DROP COLUMN tools`);
  }
}

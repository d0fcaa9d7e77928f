import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Alerts about spending: each once, and with how far their delivery has come. */
export class Alerts1764200002000 implements MigrationInterface {
  readonly name = 'Alerts1764200002000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE alert (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        kind text NOT NULL,
        scope text NOT NULL,
        threshold integer NOT NULL,
        period text NOT NULL,
        limit_usd numeric(24,12) NOT NULL,
        spent_usd numeric(24,12) NOT NULL,
        created_at timestamptz NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz,
        delivered_at timestamptz,
        last_failure text,
        CONSTRAINT alert_pk PRIMARY KEY (id),
        CONSTRAINT alert_once UNIQUE (user_id, kind, scope, threshold, period),
        CONSTRAINT alert_kind_known CHECK (kind IN ('budget', 'unusual_spending'))
      )`);
    await runner.query(
      `CREATE INDEX alert_to_deliver ON alert (next_attempt_at) WHERE next_attempt_at IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE alert`);
  }
}

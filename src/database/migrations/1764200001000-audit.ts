import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who changed what, as administrator. No foreign keys: it outlives whomever it names. */
export class Audit1764200001000 implements MigrationInterface {
  readonly name = 'Audit1764200001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_entry (
        id uuid NOT NULL,
        actor_id uuid NOT NULL,
        action text NOT NULL,
        target_type text NOT NULL,
        target_id uuid NOT NULL,
        before jsonb NOT NULL,
        after jsonb NOT NULL,
        request_id text,
        created_at timestamptz NOT NULL,
        CONSTRAINT audit_entry_pk PRIMARY KEY (id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE audit_entry`);
  }
}

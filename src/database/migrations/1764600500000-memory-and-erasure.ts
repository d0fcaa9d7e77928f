import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What users want remembered, and accounts that are being erased. */
export class MemoryAndErasure1764600500000 implements MigrationInterface {
  readonly name = 'MemoryAndErasure1764600500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE user_account
        ADD COLUMN memory_enabled boolean NOT NULL DEFAULT false,
        ADD COLUMN erasure_requested_at timestamptz`);
    await runner.query(
      `CREATE INDEX user_account_to_erase ON user_account (erasure_requested_at) WHERE erasure_requested_at IS NOT NULL`,
    );
    await runner.query(`
      CREATE TABLE user_memory (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        text text NOT NULL,
        origin text NOT NULL,
        is_tainted boolean NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT user_memory_pk PRIMARY KEY (id),
        CONSTRAINT user_memory_user_fk FOREIGN KEY (user_id) REFERENCES user_account (id) ON DELETE CASCADE,
        CONSTRAINT user_memory_text_length CHECK (char_length(text) <= 1000),
        CONSTRAINT user_memory_origin_known CHECK (origin IN ('user', 'tool'))
      )`);
    await runner.query(`CREATE INDEX user_memory_by_user ON user_memory (user_id, id)`);

    // So that no alert can be raised for a user who is gone.
    await runner.query(`DELETE FROM alert WHERE user_id NOT IN (SELECT id FROM user_account)`);
    await runner.query(`
      ALTER TABLE alert
        ADD CONSTRAINT alert_user_fk FOREIGN KEY (user_id) REFERENCES user_account (id) ON DELETE CASCADE`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE alert DROP CONSTRAINT alert_user_fk`);
    await runner.query(`DROP TABLE user_memory`);
    await runner.query(`DROP INDEX user_account_to_erase`);
    await runner.query(
      `ALTER TABLE user_account DROP COLUMN memory_enabled, DROP COLUMN erasure_requested_at`,
    );
  }
}

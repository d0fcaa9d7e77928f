import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Own limits of a user; what the budgets are counted from: the ledger by admission, and what running runs hold. */
export class LimitsAndSpending1764200000000 implements MigrationInterface {
  readonly name = 'LimitsAndSpending1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE user_account ADD COLUMN limits jsonb NOT NULL DEFAULT '{}'`);
    await runner.query(`
      ALTER TABLE run
        ADD COLUMN reserved_tokens bigint,
        ADD COLUMN reserved_cost numeric(24, 12)`);
    // A charge belongs to the day and the month in which its run was admitted.
    await runner.query(
      `ALTER TABLE usage_record ADD COLUMN admitted_at timestamptz, ADD COLUMN price_version text`,
    );
    await runner.query(`UPDATE usage_record SET admitted_at = created_at`);
    await runner.query(`ALTER TABLE usage_record ALTER COLUMN admitted_at SET NOT NULL`);
    await runner.query(`CREATE INDEX usage_record_by_admission ON usage_record (user_id, admitted_at)`);
    await runner.query(`CREATE INDEX usage_record_by_day ON usage_record (admitted_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX usage_record_by_day`);
    await runner.query(`DROP INDEX usage_record_by_admission`);
    await runner.query(`ALTER TABLE usage_record DROP COLUMN admitted_at, DROP COLUMN price_version`);
    await runner.query(`ALTER TABLE run DROP COLUMN reserved_cost, DROP COLUMN reserved_tokens`);
    await runner.query(`ALTER TABLE user_account DROP COLUMN limits`);
  }
}

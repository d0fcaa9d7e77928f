import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the model of a run was shown of its conversation. */
export class ContextOfRuns1764600000000 implements MigrationInterface {
  readonly name = 'ContextOfRuns1764600000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE run ADD COLUMN context jsonb`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE run DROP COLUMN context`);
  }
}

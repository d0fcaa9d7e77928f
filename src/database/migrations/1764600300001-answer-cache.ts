import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Runs that were answered without a model. */
export class AnswerCache1764600300001 implements MigrationInterface {
  readonly name = 'AnswerCache1764600300001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE run ADD is_cached boolean NOT NULL DEFAULT false`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE run DROP is_cached`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a conversation has been exposed to: for good, whatever of it is summarised, left out or forgotten. */
export class Taint1764600001000 implements MigrationInterface {
  readonly name = 'Taint1764600001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE conversation ADD COLUMN has_untrusted boolean NOT NULL DEFAULT false,
                                ADD COLUMN has_private boolean NOT NULL DEFAULT false`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE conversation DROP COLUMN has_untrusted, DROP COLUMN has_private`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the installation makes up for itself, such as the password of the role that tools read the database with. */
export class InstallationSecrets1764500000000 implements MigrationInterface {
  readonly name = 'InstallationSecrets1764500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE installation_secret (
        name text NOT NULL,
        value text NOT NULL,
        CONSTRAINT installation_secret_pk PRIMARY KEY (name)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE installation_secret`);
  }
}

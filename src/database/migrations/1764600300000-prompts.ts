import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Prompts with their versions, and which of them a run uses. */
export class Prompts1764600300000 implements MigrationInterface {
  readonly name = 'Prompts1764600300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE prompt (
        id uuid NOT NULL,
        name text NOT NULL,
        description text,
        active_version integer NOT NULL,
        latest_version integer NOT NULL,
        rollout_version integer,
        rollout_percent integer,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT prompt_pk PRIMARY KEY (id),
        CONSTRAINT prompt_name_unique UNIQUE (name),
        CONSTRAINT prompt_rollout_whole CHECK (
          (rollout_version IS NULL) = (rollout_percent IS NULL) AND rollout_percent BETWEEN 1 AND 99)
      )`);
    await runner.query(`
      CREATE TABLE prompt_version (
        prompt_id uuid NOT NULL,
        version integer NOT NULL,
        template text NOT NULL,
        variables jsonb NOT NULL,
        hash text NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT prompt_version_pk PRIMARY KEY (prompt_id, version),
        CONSTRAINT prompt_version_prompt_fk FOREIGN KEY (prompt_id) REFERENCES prompt (id) ON DELETE CASCADE
      )`);
    await runner.query(`ALTER TABLE run ADD prompt_name text, ADD prompt_version integer`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE run DROP prompt_name, DROP prompt_version`);
    await runner.query(`DROP TABLE prompt_version`);
    await runner.query(`DROP TABLE prompt`);
  }
}

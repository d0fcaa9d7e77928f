import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Accounts1764000000000 implements MigrationInterface {
  readonly name = 'Accounts1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    // The check makes the unique constraint one over all spellings: nothing but lower case gets in.
    await runner.query(`
      CREATE TABLE user_account (
        id uuid NOT NULL,
        email text NOT NULL,
        password_hash text NOT NULL,
        tier text NOT NULL DEFAULT 'free',
        roles text[] NOT NULL DEFAULT '{}',
        permissions text[] NOT NULL DEFAULT '{}',
        disabled_at timestamptz,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT user_account_pk PRIMARY KEY (id),
        CONSTRAINT user_account_email_unique UNIQUE (email),
        CONSTRAINT user_account_email_lower CHECK (email = lower(email)),
        CONSTRAINT user_account_tier_known CHECK (tier IN ('free', 'basic', 'pro'))
      )`);

    await runner.query(`
      CREATE TABLE refresh_token (
        id uuid NOT NULL,
        family_id uuid NOT NULL,
        user_id uuid NOT NULL,
        token_hash bytea NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        revoked_at timestamptz,
        CONSTRAINT refresh_token_pk PRIMARY KEY (id),
        CONSTRAINT refresh_token_hash_unique UNIQUE (token_hash),
        CONSTRAINT refresh_token_user_fk FOREIGN KEY (user_id) REFERENCES user_account (id) ON DELETE CASCADE
      )`);
    await runner.query(`CREATE INDEX refresh_token_by_family ON refresh_token (family_id)`);
    await runner.query(`CREATE INDEX refresh_token_by_user ON refresh_token (user_id, expires_at)`);
    // "Is this family revoked?" is asked for every session every few seconds; few families ever are.
    await runner.query(
      `CREATE INDEX refresh_token_revoked ON refresh_token (family_id) WHERE revoked_at IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE refresh_token`);
    await runner.query(`DROP TABLE user_account`);
  }
}

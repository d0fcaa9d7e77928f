import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Accounts without a password (services, people whom an outside provider knows), API keys, tokens that are sent by mail,
 * and what a session was opened with.
 */
export class Identity1764600200000 implements MigrationInterface {
  readonly name = 'Identity1764600200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE user_account
        ALTER COLUMN email DROP NOT NULL,
        ALTER COLUMN password_hash DROP NOT NULL,
        ADD COLUMN kind text NOT NULL DEFAULT 'local',
        ADD COLUMN name text,
        ADD CONSTRAINT user_account_kind_known CHECK (kind IN ('local', 'external', 'service')),
        ADD CONSTRAINT user_account_login_by_kind
          CHECK (num_nonnulls(email, password_hash) = CASE kind WHEN 'local' THEN 2 ELSE 0 END)`);
    await runner.query(
      `CREATE UNIQUE INDEX user_account_service_name ON user_account (name) WHERE kind = 'service'`,
    );
    await runner.query(`ALTER TABLE refresh_token ADD COLUMN client text`);

    await runner.query(`
      CREATE TABLE api_key (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        name text NOT NULL,
        prefix text NOT NULL,
        key_hash bytea NOT NULL,
        scopes text[] NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz,
        last_used_at timestamptz,
        CONSTRAINT api_key_pk PRIMARY KEY (id),
        CONSTRAINT api_key_hash_unique UNIQUE (key_hash),
        CONSTRAINT api_key_user_fk FOREIGN KEY (user_id) REFERENCES user_account (id) ON DELETE CASCADE
      )`);
    await runner.query(`CREATE INDEX api_key_by_user ON api_key (user_id, id)`);

    // The identity outlives the account: a token from before the account's end must not make a new one.
    await runner.query(`
      CREATE TABLE external_identity (
        identity_hash bytea NOT NULL,
        user_id uuid,
        issuer text NOT NULL,
        claims_at timestamptz,
        gone_at timestamptz,
        created_at timestamptz NOT NULL,
        CONSTRAINT external_identity_pk PRIMARY KEY (identity_hash),
        CONSTRAINT external_identity_user_unique UNIQUE (user_id),
        CONSTRAINT external_identity_user_fk FOREIGN KEY (user_id) REFERENCES user_account (id) ON DELETE SET NULL
      )`);

    await runner.query(`
      CREATE TABLE account_token (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        purpose text NOT NULL,
        token_hash bytea NOT NULL,
        email text NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT account_token_pk PRIMARY KEY (id),
        CONSTRAINT account_token_hash_unique UNIQUE (token_hash),
        CONSTRAINT account_token_one_per_purpose UNIQUE (user_id, purpose),
        CONSTRAINT account_token_purpose_known CHECK (purpose IN ('password_reset', 'email_change')),
        CONSTRAINT account_token_user_fk FOREIGN KEY (user_id) REFERENCES user_account (id) ON DELETE CASCADE
      )`);
  }

  /** Accounts that cannot exist in the schema before go, with all that is theirs. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE account_token`);
    await runner.query(`DROP TABLE external_identity`);
    await runner.query(`DROP TABLE api_key`);
    await runner.query(`ALTER TABLE refresh_token DROP COLUMN client`);
    await runner.query(`DELETE FROM user_account WHERE kind <> 'local'`);
    await runner.query(`DROP INDEX user_account_service_name`);
    await runner.query(`
      ALTER TABLE user_account
        DROP CONSTRAINT user_account_login_by_kind,
        DROP CONSTRAINT user_account_kind_known,
        DROP COLUMN name,
        DROP COLUMN kind,
        ALTER COLUMN password_hash SET NOT NULL,
        ALTER COLUMN email SET NOT NULL`);
  }
}

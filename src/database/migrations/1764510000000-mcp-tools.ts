import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tools of MCP servers: which of their definitions are agreed to, and what users call them with. */
export class McpTools1764510000000 implements MigrationInterface {
  readonly name = 'McpTools1764510000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE tool_pin (
        id uuid NOT NULL,
        server text NOT NULL,
        tool text NOT NULL,
        hash text NOT NULL,
        definition jsonb NOT NULL,
        status text NOT NULL,
        is_listed boolean NOT NULL,
        first_seen_at timestamptz NOT NULL,
        last_seen_at timestamptz NOT NULL,
        decided_by uuid,
        decided_at timestamptz,
        CONSTRAINT tool_pin_pk PRIMARY KEY (id),
        CONSTRAINT tool_pin_definition_unique UNIQUE (server, tool, hash),
        CONSTRAINT tool_pin_status_known CHECK (status IN ('approved', 'pending', 'rejected', 'superseded'))
      )`);
    await runner.query(
      `CREATE UNIQUE INDEX tool_pin_one_approved ON tool_pin (server, tool) WHERE status = 'approved'`,
    );
    await runner.query(`
      CREATE TABLE tool_credential (
        user_id uuid NOT NULL,
        server text NOT NULL,
        sealed bytea NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT tool_credential_pk PRIMARY KEY (user_id, server),
        CONSTRAINT tool_credential_user_fk FOREIGN KEY (user_id) REFERENCES user_account (id) ON DELETE CASCADE
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tool_credential`);
    await runner.query(`DROP TABLE tool_pin`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What long conversations are summed up to, and who gave a conversation its title. */
export class Summaries1764600401000 implements MigrationInterface {
  readonly name = 'Summaries1764600401000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE conversation_summary (
        conversation_id uuid NOT NULL,
        version integer NOT NULL,
        covers_to_seq integer NOT NULL,
        text text NOT NULL,
        model text NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT conversation_summary_pk PRIMARY KEY (conversation_id, version),
        CONSTRAINT conversation_summary_conversation_fk FOREIGN KEY (conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
      )`);
    await runner.query(`
      ALTER TABLE conversation
        ADD COLUMN title_source text NOT NULL DEFAULT 'message',
        ADD CONSTRAINT conversation_title_source_known CHECK (title_source IN ('message', 'model', 'user'))`);

    // Who is at work on a conversation. Apart from its row, which every message changes.
    await runner.query(`
      CREATE TABLE conversation_upkeep (
        conversation_id uuid NOT NULL,
        claim uuid,
        claimed_until timestamptz NOT NULL,
        failures integer NOT NULL DEFAULT 0,
        CONSTRAINT conversation_upkeep_pk PRIMARY KEY (conversation_id),
        CONSTRAINT conversation_upkeep_conversation_fk FOREIGN KEY (conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
      )`);

    // Calls that are under way and belong to no run: what they hold, and what to charge when their process dies. No foreign
    // key, as with the ledger: what was spent stays on the books.
    await runner.query(`
      CREATE TABLE side_call (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        tier text NOT NULL,
        endpoint text NOT NULL,
        provider text NOT NULL,
        model text NOT NULL,
        input_tokens bigint NOT NULL,
        cost_usd numeric(24,12),
        price_version text,
        reserved_tokens bigint NOT NULL,
        reserved_cost numeric(24,12) NOT NULL,
        started_at timestamptz NOT NULL,
        CONSTRAINT side_call_pk PRIMARY KEY (id)
      )`);
    await runner.query(`CREATE INDEX side_call_by_user ON side_call (user_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE side_call`);
    await runner.query(`DROP TABLE conversation_upkeep`);
    await runner.query(
      `ALTER TABLE conversation DROP CONSTRAINT conversation_title_source_known, DROP COLUMN title_source`,
    );
    await runner.query(`DROP TABLE conversation_summary`);
  }
}

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
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE conversation_upkeep`);
    await runner.query(
      `ALTER TABLE conversation DROP CONSTRAINT conversation_title_source_known, DROP COLUMN title_source`,
    );
    await runner.query(`DROP TABLE conversation_summary`);
  }
}

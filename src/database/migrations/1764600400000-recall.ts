import type { MigrationInterface, QueryRunner } from 'typeorm';

/*
 * What joins words becomes space before PostgreSQL's parser sees it. For `a_a_a_…` that parser takes time with the square of
 * the length, half a minute for 50,000 characters; and it takes `red/blue` for a file, which neither word finds. What is left is
 * linear, and cut: a tsvector has a size that an INSERT fails at.
 */
const TEXT_TERMS = `
  CREATE FUNCTION text_terms(content text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.strip(pg_catalog.to_tsvector('pg_catalog.english'::pg_catalog.regconfig,
      pg_catalog.translate(pg_catalog.left(content, 50000), '_-./@:', '      ')))
  $$`;

/** What of a message can be found: what was said, and the beginning of what tools answered. */
const MESSAGE_TEXT = `
  CREATE FUNCTION message_text(parts jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.string_agg(
             CASE part->>'type'
               WHEN 'text' THEN pg_catalog.left(part->>'text', 50000)
               WHEN 'tool-result' THEN pg_catalog.left(pg_catalog.replace(part->>'result', '\\n', ' '), 8000)
             END, ' ')
      FROM pg_catalog.jsonb_path_query(parts, '$[*]') AS part
  $$`;

/** The words of messages by conversation, what they mean as vectors, and messages that somebody wants kept in view. */
export class Recall1764600400000 implements MigrationInterface {
  readonly name = 'Recall1764600400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE message ADD COLUMN pinned boolean NOT NULL DEFAULT false`);
    await runner.query(`CREATE INDEX message_pinned ON message (conversation_id, seq) WHERE pinned`);

    await runner.query(TEXT_TERMS);
    await runner.query(MESSAGE_TEXT);
    // Beside the messages, so that they stay small for whoever reads them, and a search reads nothing but words.
    await runner.query(`
      CREATE TABLE message_index (
        conversation_id uuid NOT NULL,
        seq integer NOT NULL,
        user_id uuid NOT NULL,
        terms tsvector NOT NULL,
        CONSTRAINT message_index_pk PRIMARY KEY (conversation_id, seq),
        CONSTRAINT message_index_message_fk FOREIGN KEY (conversation_id, seq)
          REFERENCES message (conversation_id, seq) ON DELETE CASCADE
      )`);
    // Its user is among the terms of a message (no word looks like it): a search over all that somebody has said begins there,
    // and what it costs does not grow with what others have said.
    await runner.query(`
      CREATE FUNCTION index_message() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO message_index (conversation_id, seq, user_id, terms)
        VALUES (NEW.conversation_id, NEW.seq, NEW.user_id,
                text_terms(coalesce(message_text(NEW.parts), '')) || array_to_tsvector(ARRAY['@' || NEW.user_id]));
        RETURN NULL;
      END $$`);
    await runner.query(
      `CREATE TRIGGER message_indexed AFTER INSERT ON message FOR EACH ROW EXECUTE FUNCTION index_message()`,
    );
    await runner.query(`SET LOCAL statement_timeout = 0`);
    await runner.query(`
      INSERT INTO message_index (conversation_id, seq, user_id, terms)
      SELECT conversation_id, seq, user_id, text_terms(coalesce(message_text(parts), '')) || array_to_tsvector(ARRAY['@' || user_id])
        FROM message`);
    // New messages wait in a list that is small enough to be read by every search.
    await runner.query(
      `CREATE INDEX message_index_terms ON message_index USING gin (terms) WITH (gin_pending_list_limit = 256)`,
    );

    await runner.query(`
      CREATE TABLE message_vector (
        message_id uuid NOT NULL,
        conversation_id uuid NOT NULL,
        user_id uuid NOT NULL,
        seq integer NOT NULL,
        model text NOT NULL,
        bits bit(256),
        vector real[],
        claimed_until timestamptz,
        CONSTRAINT message_vector_pk PRIMARY KEY (message_id),
        CONSTRAINT message_vector_message_fk FOREIGN KEY (message_id) REFERENCES message (id) ON DELETE CASCADE
      )`);
    await runner.query(`CREATE INDEX message_vector_by_conversation ON message_vector (conversation_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE message_vector`);
    await runner.query(`DROP TRIGGER message_indexed ON message`);
    await runner.query(`DROP FUNCTION index_message()`);
    await runner.query(`DROP TABLE message_index`);
    await runner.query(`DROP FUNCTION message_text(jsonb)`);
    await runner.query(`DROP FUNCTION text_terms(text)`);
    await runner.query(`DROP INDEX message_pinned`);
    await runner.query(`ALTER TABLE message DROP COLUMN pinned`);
  }
}

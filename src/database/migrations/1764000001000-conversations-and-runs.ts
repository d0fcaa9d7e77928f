import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ConversationsAndRuns1764000001000 implements MigrationInterface {
  readonly name = 'ConversationsAndRuns1764000001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE conversation (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        title text NOT NULL,
        next_seq integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT conversation_pk PRIMARY KEY (id),
        CONSTRAINT conversation_user_fk FOREIGN KEY (user_id) REFERENCES user_account (id) ON DELETE CASCADE
      )`);
    await runner.query(`CREATE INDEX conversation_by_user ON conversation (user_id, updated_at, id)`);
    await runner.query(`CREATE INDEX conversation_by_expiry ON conversation (expires_at)`);

    await runner.query(`
      CREATE TABLE worker (
        id uuid NOT NULL,
        host text NOT NULL,
        started_at timestamptz NOT NULL,
        lease_until timestamptz NOT NULL,
        CONSTRAINT worker_pk PRIMARY KEY (id)
      )`);

    await runner.query(`
      CREATE TABLE run (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        conversation_id uuid NOT NULL,
        status text NOT NULL,
        owner uuid,
        epoch integer NOT NULL DEFAULT 1,
        agent text NOT NULL,
        model text NOT NULL,
        endpoint text NOT NULL,
        request jsonb NOT NULL,
        stop_reason text,
        finish_reason text,
        message_id uuid,
        usage jsonb,
        cost_usd numeric(24,12),
        error jsonb,
        created_at timestamptz NOT NULL,
        started_at timestamptz,
        ended_at timestamptz,
        CONSTRAINT run_pk PRIMARY KEY (id),
        CONSTRAINT run_user_fk FOREIGN KEY (user_id) REFERENCES user_account (id) ON DELETE CASCADE,
        CONSTRAINT run_conversation_fk FOREIGN KEY (conversation_id) REFERENCES conversation (id) ON DELETE CASCADE,
        CONSTRAINT run_status_known CHECK (status IN ('queued', 'running', 'waiting', 'completed', 'failed', 'cancelled'))
      )`);
    // Exclusivity of a conversation is this index, not a lock: the second active run fails to be inserted.
    await runner.query(
      `CREATE UNIQUE INDEX run_one_active_per_conversation ON run (conversation_id) WHERE status IN ('running', 'waiting')`,
    );
    await runner.query(
      `CREATE INDEX run_active_by_owner ON run (owner) WHERE status IN ('running', 'waiting')`,
    );
    await runner.query(`CREATE INDEX run_by_conversation ON run (conversation_id)`);
    await runner.query(`CREATE INDEX run_by_user ON run (user_id, created_at)`);

    await runner.query(`
      CREATE TABLE step (
        run_id uuid NOT NULL,
        seq integer NOT NULL,
        step integer NOT NULL,
        kind text NOT NULL,
        status text NOT NULL,
        call_id text,
        tool_name text,
        request jsonb,
        result jsonb,
        started_at timestamptz NOT NULL,
        ended_at timestamptz,
        CONSTRAINT step_pk PRIMARY KEY (run_id, seq),
        CONSTRAINT step_run_fk FOREIGN KEY (run_id) REFERENCES run (id) ON DELETE CASCADE,
        CONSTRAINT step_kind_known CHECK (kind IN ('model', 'tool', 'approval')),
        CONSTRAINT step_status_known CHECK (status IN ('started', 'done', 'unknown', 'error'))
      )`);

    await runner.query(`
      CREATE TABLE message (
        id uuid NOT NULL,
        conversation_id uuid NOT NULL,
        user_id uuid NOT NULL,
        seq integer NOT NULL,
        role text NOT NULL,
        parts jsonb NOT NULL,
        status text NOT NULL,
        run_id uuid,
        created_at timestamptz NOT NULL,
        CONSTRAINT message_pk PRIMARY KEY (id),
        CONSTRAINT message_seq_unique UNIQUE (conversation_id, seq),
        CONSTRAINT message_conversation_fk FOREIGN KEY (conversation_id) REFERENCES conversation (id) ON DELETE CASCADE,
        CONSTRAINT message_role_known CHECK (role IN ('user', 'assistant', 'tool')),
        CONSTRAINT message_status_known CHECK (status IN ('complete', 'incomplete'))
      )`);

    // No foreign keys: what was spent stays on the books when a conversation, a run or a user is erased.
    await runner.query(`
      CREATE TABLE usage_record (
        run_id uuid NOT NULL,
        epoch integer NOT NULL,
        seq integer NOT NULL,
        user_id uuid NOT NULL,
        tier text NOT NULL,
        endpoint text NOT NULL,
        provider text NOT NULL,
        model text NOT NULL,
        source text NOT NULL,
        input_tokens bigint NOT NULL,
        output_tokens bigint NOT NULL,
        cache_read_tokens bigint,
        cache_write_tokens bigint,
        reasoning_tokens bigint,
        cost_usd numeric(24,12),
        created_at timestamptz NOT NULL,
        CONSTRAINT usage_record_pk PRIMARY KEY (run_id, epoch, seq),
        CONSTRAINT usage_record_source_known CHECK (source IN ('measured', 'estimated', 'unknown'))
      )`);
    await runner.query(`CREATE INDEX usage_record_by_user ON usage_record (user_id, created_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['usage_record', 'message', 'step', 'run', 'worker', 'conversation']) {
      await runner.query(`DROP TABLE ${table}`);
    }
  }
}

import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** One request to act. Its `epoch` is the fence: every write for the run checks it (see run-journal.repository.ts). */
@Entity({ name: 'run' })
@Index('run_one_active_per_conversation', ['conversationId'], {
  unique: true,
  where: `status IN ('running', 'waiting')`,
})
@Index('run_active_by_owner', ['owner'], { where: `status IN ('running', 'waiting')` })
@Index('run_by_conversation', ['conversationId'])
@Index('run_by_user', ['userId', 'createdAt'])
@Check('run_status_known', `status IN ('queued', 'running', 'waiting', 'completed', 'failed', 'cancelled')`)
export class RunEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'run_pk' })
  id!: string;

  @ForeignKey('UserAccountEntity', { name: 'run_user_fk', onDelete: 'CASCADE' })
  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @ForeignKey('ConversationEntity', { name: 'run_conversation_fk', onDelete: 'CASCADE' })
  @Column({ name: 'conversation_id', type: 'uuid' })
  conversationId!: string;

  @Column({ type: 'text' })
  status!: string;

  /** The worker that drives it. */
  @Column({ type: 'uuid', nullable: true })
  owner!: string | null;

  /** Grows with every change of owner. */
  @Column({ type: 'integer', default: 1 })
  epoch!: number;

  @Column({ type: 'text' })
  agent!: string;

  @Column({ type: 'text' })
  model!: string;

  /** The surface that started it, for accounting: `chat`, `chat_stream`. */
  @Column({ type: 'text' })
  endpoint!: string;

  /** What was asked for beyond the message: tools, limits, context. */
  @Column({ type: 'jsonb' })
  request!: unknown;

  @Column({ name: 'stop_reason', type: 'text', nullable: true })
  stopReason!: string | null;

  @Column({ name: 'finish_reason', type: 'text', nullable: true })
  finishReason!: string | null;

  /** The last assistant message. */
  @Column({ name: 'message_id', type: 'uuid', nullable: true })
  messageId!: string | null;

  @Column({ type: 'jsonb', nullable: true })
  usage!: unknown;

  /** Null: unknown, which is not free. */
  @Column({ name: 'cost_usd', type: 'numeric', precision: 24, scale: 12, nullable: true })
  costUsd!: string | null;

  /** The problem that a failed run ended with. */
  @Column({ type: 'jsonb', nullable: true })
  error!: unknown;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'started_at', type: 'timestamptz', nullable: true })
  startedAt!: Date | null;

  @Column({ name: 'ended_at', type: 'timestamptz', nullable: true })
  endedAt!: Date | null;
}

import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** One request to act. Its `epoch` is the fence: every write for the run checks it (see run-journal.repository.ts). */
@Entity({ name: 'run' })
@Index('run_one_active_per_conversation', ['conversationId'], {
  unique: true,
  where: `status IN ('running', 'waiting')`,
})
@Index('run_active_by_owner', ['owner'], { where: `status IN ('running', 'waiting')` })
@Index('run_by_conversation', ['conversationId'])
@Index('run_queue_by_user', ['userId', 'createdAt', 'id'], { where: `status = 'queued'` })
@Index('run_queue_by_conversation', ['conversationId', 'ordinal'], { where: `status = 'queued'` })
@Index('run_background_by_user', ['userId'], { where: `status = 'running' AND is_background` })
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

  /** Its place among the runs of its conversation, from 1: the order of their turns. */
  @Column({ type: 'integer', default: 0 })
  ordinal!: number;

  /** True: nobody waits for it on an open connection; it counts against the caps of background runs. */
  @Column({ name: 'is_background', type: 'boolean', default: false })
  isBackground!: boolean;

  /** The id of the user's message, which is in the conversation from the run's start on. */
  @Column({ name: 'user_message_id', type: 'uuid', nullable: true })
  userMessageId!: string | null;

  /** The parts of the user's message until then. */
  @Column({ type: 'jsonb', nullable: true })
  input!: unknown;

  @Column({ name: 'cancel_requested_at', type: 'timestamptz', nullable: true })
  cancelRequestedAt!: Date | null;

  /** When the run has to be over; set at its start. */
  @Column({ name: 'deadline_at', type: 'timestamptz', nullable: true })
  deadlineAt!: Date | null;

  /** The epoch of an owner that died without a word: its last model call may have been paid for. */
  @Column({ name: 'orphaned_epoch', type: 'integer', nullable: true })
  orphanedEpoch!: number | null;

  /** Since when it waits for a person; until its next owner has it. */
  @Column({ name: 'suspended_at', type: 'timestamptz', nullable: true })
  suspendedAt!: Date | null;

  /** When it last went on after that: what it spends from then on belongs to that day and month. */
  @Column({ name: 'readmitted_at', type: 'timestamptz', nullable: true })
  readmittedAt!: Date | null;

  @Column({ type: 'text' })
  agent!: string;

  @Column({ type: 'text' })
  model!: string;

  /** What its system prompt is made of; null: its agent's instructions. It stays the same over all owners. */
  @Column({ name: 'prompt_name', type: 'text', nullable: true })
  promptName!: string | null;

  @Column({ name: 'prompt_version', type: 'integer', nullable: true })
  promptVersion!: number | null;

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

  /** True: no model was called; an answer of before was given again. */
  @Column({ name: 'is_cached', type: 'boolean', default: false })
  isCached!: boolean;

  /** What is held for its next model call. Null: nothing. */
  @Column({ name: 'reserved_tokens', type: 'bigint', nullable: true })
  reservedTokens!: string | null;

  @Column({ name: 'reserved_cost', type: 'numeric', precision: 24, scale: 12, nullable: true })
  reservedCost!: string | null;

  /** What its model was shown of the past, and what not. */
  @Column({ type: 'jsonb', nullable: true })
  context!: unknown;

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

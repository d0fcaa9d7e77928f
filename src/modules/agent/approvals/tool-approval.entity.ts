import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A tool call that waits, or waited, for its user's yes. */
@Entity({ name: 'tool_approval' })
@Index('tool_approval_open', ['expiresAt'], { where: 'decision IS NULL' })
@Check('tool_approval_decision_known', `decision IN ('approved', 'denied', 'expired')`)
export class ToolApprovalEntity {
  @ForeignKey('RunEntity', { name: 'tool_approval_run_fk', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'run_id', type: 'uuid', primaryKeyConstraintName: 'tool_approval_pk' })
  runId!: string;

  /** Of the call in the run's journal. */
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'tool_approval_pk' })
  seq!: number;

  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @Column({ name: 'call_id', type: 'text' })
  callId!: string;

  @Column({ name: 'tool_name', type: 'text' })
  toolName!: string;

  @Column({ type: 'jsonb' })
  input!: unknown;

  /** Of tool, arguments and user: a yes is good for nothing else. */
  @Column({ name: 'call_hash', type: 'text' })
  callHash!: string;

  @Column({ type: 'text', nullable: true })
  decision!: string | null;

  @Column({ type: 'text', nullable: true })
  reason!: string | null;

  @Column({ name: 'requested_at', type: 'timestamptz' })
  requestedAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'decided_at', type: 'timestamptz', nullable: true })
  decidedAt!: Date | null;

  /** When the call was dispatched with it. */
  @Column({ name: 'used_at', type: 'timestamptz', nullable: true })
  usedAt!: Date | null;
}

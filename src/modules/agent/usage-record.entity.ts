import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * The ledger: one row per model call, written in the same statement as the journal's step. It stays when the
 * conversation, the run or the user is erased.
 */
@Entity({ name: 'usage_record' })
@Index('usage_record_by_user', ['userId', 'createdAt'])
@Index('usage_record_by_admission', ['userId', 'admittedAt'])
@Index('usage_record_by_day', ['admittedAt'])
@Check('usage_record_source_known', `source IN ('measured', 'estimated', 'unknown')`)
export class UsageRecordEntity {
  @PrimaryColumn({ name: 'run_id', type: 'uuid', primaryKeyConstraintName: 'usage_record_pk' })
  runId!: string;

  /** The owner's epoch: after a takeover the same step may be called, and paid, again. */
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'usage_record_pk' })
  epoch!: number;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'usage_record_pk' })
  seq!: number;

  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @Column({ type: 'text' })
  tier!: string;

  @Column({ type: 'text' })
  endpoint!: string;

  @Column({ type: 'text' })
  provider!: string;

  @Column({ type: 'text' })
  model!: string;

  @Column({ type: 'text' })
  source!: string;

  @Column({ name: 'input_tokens', type: 'bigint' })
  inputTokens!: string;

  @Column({ name: 'output_tokens', type: 'bigint' })
  outputTokens!: string;

  /** Null: the vendor did not report it. */
  @Column({ name: 'cache_read_tokens', type: 'bigint', nullable: true })
  cacheReadTokens!: string | null;

  @Column({ name: 'cache_write_tokens', type: 'bigint', nullable: true })
  cacheWriteTokens!: string | null;

  @Column({ name: 'reasoning_tokens', type: 'bigint', nullable: true })
  reasoningTokens!: string | null;

  /** Null: the price is unknown. */
  @Column({ name: 'cost_usd', type: 'numeric', precision: 24, scale: 12, nullable: true })
  costUsd!: string | null;

  /** Which figures it was charged by: `configured:<hash>` or `published:<hash>`. */
  @Column({ name: 'price_version', type: 'text', nullable: true })
  priceVersion!: string | null;

  /** When its run was admitted: that day and month pay for it. */
  @Column({ name: 'admitted_at', type: 'timestamptz' })
  admittedAt!: Date;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}

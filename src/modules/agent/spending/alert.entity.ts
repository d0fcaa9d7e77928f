import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** An alert about a user's spending. That it is raised once, whichever process notices, is the unique key. */
@Entity({ name: 'alert' })
@Unique('alert_once', ['userId', 'kind', 'scope', 'threshold', 'period'])
@Index('alert_to_deliver', ['nextAttemptAt'], { where: 'next_attempt_at IS NOT NULL' })
@Check('alert_kind_known', `kind IN ('budget', 'unusual_spending')`)
export class AlertEntity {
  /** A UUIDv7: the order of the list. The same in every try of the delivery. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'alert_pk' })
  id!: string;

  @ForeignKey('UserAccountEntity', { name: 'alert_user_fk', onDelete: 'CASCADE' })
  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @Column({ type: 'text' })
  kind!: string;

  @Column({ type: 'text' })
  scope!: string;

  /** Per cent of the limit. */
  @Column({ type: 'integer' })
  threshold!: number;

  /** `2026-11-25` or `2026-11`. */
  @Column({ type: 'text' })
  period!: string;

  @Column({ name: 'limit_usd', type: 'numeric', precision: 24, scale: 12 })
  limitUsd!: string;

  @Column({ name: 'spent_usd', type: 'numeric', precision: 24, scale: 12 })
  spentUsd!: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  /** Tries to deliver it that have begun. */
  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  /** Null: it is delivered, given up, or was raised while there was no webhook. */
  @Column({ name: 'next_attempt_at', type: 'timestamptz', nullable: true })
  nextAttemptAt!: Date | null;

  @Column({ name: 'delivered_at', type: 'timestamptz', nullable: true })
  deliveredAt!: Date | null;

  /** A status or an error code, never text that the receiver wrote. */
  @Column({ name: 'last_failure', type: 'text', nullable: true })
  lastFailure!: string | null;
}

import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** An `Idempotency-Key` of one user, with the run that it stands for. */
@Entity({ name: 'idempotency_key' })
@Index('idempotency_key_by_expiry', ['expiresAt'])
export class IdempotencyKeyEntity {
  @ForeignKey('UserAccountEntity', { name: 'idempotency_key_user_fk', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'user_id', type: 'uuid', primaryKeyConstraintName: 'idempotency_key_pk' })
  userId!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'idempotency_key_pk' })
  key!: string;

  /** SHA-256 of the body in a canonical form. */
  @Column({ name: 'body_hash', type: 'bytea' })
  bodyHash!: Buffer;

  /** Given when the key is claimed; the run is there once `session_id` is. */
  @Column({ name: 'run_id', type: 'uuid' })
  runId!: string;

  /** Null: the request that claimed the key has not been admitted yet. */
  @Column({ name: 'session_id', type: 'uuid', nullable: true })
  sessionId!: string | null;

  /** After this a claim that was not admitted counts as dead. */
  @Column({ name: 'claimed_until', type: 'timestamptz' })
  claimedUntil!: Date;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;
}

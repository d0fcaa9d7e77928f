import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A call that belongs to no run, while it is under way. */
@Entity({ name: 'side_call' })
@Index('side_call_by_user', ['userId'])
export class SideCallEntity {
  /** Of its reservation and, later, of its row in the ledger. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'side_call_pk' })
  id!: string;

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

  /** What it was sent, by our own count; with its price, what is charged when nobody tells how it ended. */
  @Column({ name: 'input_tokens', type: 'bigint' })
  inputTokens!: string;

  @Column({ name: 'cost_usd', type: 'numeric', precision: 24, scale: 12, nullable: true })
  costUsd!: string | null;

  @Column({ name: 'price_version', type: 'text', nullable: true })
  priceVersion!: string | null;

  @Column({ name: 'reserved_tokens', type: 'bigint' })
  reservedTokens!: string;

  @Column({ name: 'reserved_cost', type: 'numeric', precision: 24, scale: 12 })
  reservedCost!: string;

  @Column({ name: 'started_at', type: 'timestamptz' })
  startedAt!: Date;
}

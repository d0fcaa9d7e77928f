import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** Who did what. Triggers refuse to change or remove an entry; what is added once is its place in the chain. */
@Entity({ name: 'audit_entry' })
@Unique('audit_entry_seq_once', ['seq'])
@Index('audit_entry_unsealed', ['id'], { where: 'seq IS NULL' })
@Check('audit_entry_actor_kind_known', `actor_kind IN ('user', 'key', 'service', 'system')`)
@Check('audit_entry_outcome_known', `outcome IN ('ok', 'refused', 'failed')`)
export class AuditEntryEntity {
  /** A UUIDv7: the order of the list. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'audit_entry_pk' })
  id!: string;

  @Column({ name: 'actor_id', type: 'uuid' })
  actorId!: string;

  @Column({ type: 'text' })
  action!: string;

  @Column({ name: 'target_type', type: 'text' })
  targetType!: string;

  @Column({ name: 'target_id', type: 'uuid' })
  targetId!: string;

  /** Only the members that changed. */
  @Column({ type: 'jsonb' })
  before!: object;

  @Column({ type: 'jsonb' })
  after!: object;

  /** Finds the request in the log. */
  @Column({ name: 'request_id', type: 'text', nullable: true })
  requestId!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'actor_kind', type: 'text', default: 'user' })
  actorKind!: string;

  @Column({ type: 'text', default: 'ok' })
  outcome!: string;

  @Column({ name: 'client_network', type: 'text', nullable: true })
  clientNetwork!: string | null;

  @Column({ name: 'client_hash', type: 'text', nullable: true })
  clientHash!: string | null;

  /** Null: not sealed yet. */
  @Column({ type: 'bigint', nullable: true })
  seq!: string | null;

  @Column({ type: 'text', nullable: true })
  hash!: string | null;
}

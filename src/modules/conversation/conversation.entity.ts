import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

@Entity({ name: 'conversation' })
@Index('conversation_by_user', ['userId', 'updatedAt', 'id'])
@Index('conversation_by_expiry', ['expiresAt'])
@Check('conversation_title_source_known', `title_source IN ('message', 'model', 'user')`)
export class ConversationEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'conversation_pk' })
  id!: string;

  @ForeignKey('UserAccountEntity', { name: 'conversation_user_fk', onDelete: 'CASCADE' })
  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @Column({ type: 'text' })
  title!: string;

  /** Who gave it: `message`: it is the beginning of the first one; `model`; `user`, whose word is the last. */
  @Column({ name: 'title_source', type: 'text', default: 'message' })
  titleSource!: string;

  /** The sequence number that the next message gets; taken by UPDATE, so two writers never get the same. */
  @Column({ name: 'next_seq', type: 'integer', default: 1 })
  nextSeq!: number;

  /** The place that the next run gets among the runs of the conversation. */
  @Column({ name: 'next_ordinal', type: 'integer', default: 1 })
  nextOrdinal!: number;

  /** Runs that wait for their turn. While there are any, no other run begins before them. */
  @Column({ name: 'queued_runs', type: 'integer', default: 0 })
  queuedRuns!: number;

  /** Text that strangers wrote has been before the model in this conversation. */
  @Column({ name: 'has_untrusted', type: 'boolean', default: false })
  hasUntrusted!: boolean;

  /** So has data that must not leave the installation. */
  @Column({ name: 'has_private', type: 'boolean', default: false })
  hasPrivate!: boolean;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;

  /** Moves with every message; what is past it answers like what never was. */
  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;
}

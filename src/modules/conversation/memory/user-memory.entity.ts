import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A fact that a user wants remembered. */
@Entity({ name: 'user_memory' })
@Index('user_memory_by_user', ['userId', 'id'])
@Check('user_memory_text_length', `char_length(text) <= 1000`)
@Check('user_memory_origin_known', `origin IN ('user', 'tool')`)
export class UserMemoryEntity {
  /** A UUIDv7: the order of the list. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'user_memory_pk' })
  id!: string;

  @ForeignKey('UserAccountEntity', { name: 'user_memory_user_fk', onDelete: 'CASCADE' })
  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @Column({ type: 'text' })
  text!: string;

  /** Who wrote it down: the user, or a model at the user's word. */
  @Column({ type: 'text' })
  origin!: string;

  /** It was written down while a text that strangers wrote was in the conversation, and may come from there. */
  @Column({ name: 'is_tainted', type: 'boolean' })
  isTainted!: boolean;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}

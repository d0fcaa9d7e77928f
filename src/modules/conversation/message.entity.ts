import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

@Entity({ name: 'message' })
@Unique('message_seq_unique', ['conversationId', 'seq'])
@Index('message_pinned', ['conversationId', 'seq'], { where: 'pinned' })
@Check('message_role_known', `role IN ('user', 'assistant', 'tool')`)
@Check('message_status_known', `status IN ('complete', 'incomplete')`)
export class MessageEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'message_pk' })
  id!: string;

  @ForeignKey('ConversationEntity', { name: 'message_conversation_fk', onDelete: 'CASCADE' })
  @Column({ name: 'conversation_id', type: 'uuid' })
  conversationId!: string;

  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  /** From 1, without repeats, in the order of the conversation. */
  @Column({ type: 'integer' })
  seq!: number;

  @Column({ type: 'text' })
  role!: string;

  /** Content parts as in `shared/llm/content-part.ts`. */
  @Column({ type: 'jsonb' })
  parts!: unknown;

  /** `incomplete`: the answer broke off and this is what had arrived. */
  @Column({ type: 'text' })
  status!: string;

  @Column({ name: 'run_id', type: 'uuid', nullable: true })
  runId!: string | null;

  @Column({ type: 'boolean', default: false })
  pinned!: boolean;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}

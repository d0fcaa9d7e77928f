import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

@Entity({ name: 'conversation_summary' })
export class ConversationSummaryEntity {
  @ForeignKey('ConversationEntity', { name: 'conversation_summary_conversation_fk', onDelete: 'CASCADE' })
  @PrimaryColumn({
    name: 'conversation_id',
    type: 'uuid',
    primaryKeyConstraintName: 'conversation_summary_pk',
  })
  conversationId!: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'conversation_summary_pk' })
  version!: number;

  /** The `seq` of the last message that it covers. */
  @Column({ name: 'covers_to_seq', type: 'integer' })
  coversToSeq!: number;

  @Column({ type: 'text' })
  text!: string;

  @Column({ type: 'text' })
  model!: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}

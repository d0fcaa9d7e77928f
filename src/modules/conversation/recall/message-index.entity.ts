import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** The words of a message, written with it by a trigger of the database. */
@Entity({ name: 'message_index' })
// A GIN index, which the migration makes.
@Index('message_index_terms', { synchronize: false })
export class MessageIndexEntity {
  @ForeignKey('MessageEntity', { name: 'message_index_message_fk', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'message_id', type: 'uuid', primaryKeyConstraintName: 'message_index_pk' })
  messageId!: string;

  @Column({ name: 'conversation_id', type: 'uuid' })
  conversationId!: string;

  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @Column({ type: 'integer' })
  seq!: number;

  /** Among them `@c<conversation>` and `@u<user>`: where a search begins. */
  @Column({ type: 'tsvector' })
  terms!: string;
}

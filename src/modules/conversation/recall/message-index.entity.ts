import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** The words of a message, written with it by a trigger of the database. */
@Entity({ name: 'message_index' })
@ForeignKey('MessageEntity', ['conversationId', 'seq'], ['conversationId', 'seq'], {
  name: 'message_index_message_fk',
  onDelete: 'CASCADE',
})
// A GIN index, which the migration makes.
@Index('message_index_terms', { synchronize: false })
export class MessageIndexEntity {
  @PrimaryColumn({ name: 'conversation_id', type: 'uuid', primaryKeyConstraintName: 'message_index_pk' })
  conversationId!: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'message_index_pk' })
  seq!: number;

  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  /** Among them `@<user>`: where a search over all that somebody has said begins. */
  @Column({ type: 'tsvector' })
  terms!: string;
}

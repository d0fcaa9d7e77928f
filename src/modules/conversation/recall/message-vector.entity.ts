import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** What a message means, as an embedding model has it. */
@Entity({ name: 'message_vector' })
@Index('message_vector_by_conversation', ['conversationId'])
export class MessageVectorEntity {
  @ForeignKey('MessageEntity', { name: 'message_vector_message_fk', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'message_id', type: 'uuid', primaryKeyConstraintName: 'message_vector_pk' })
  messageId!: string;

  @Column({ name: 'conversation_id', type: 'uuid' })
  conversationId!: string;

  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @Column({ type: 'integer' })
  seq!: number;

  /** Vectors of different models cannot be compared. */
  @Column({ type: 'text' })
  model!: string;

  /** The vector's signature: see `to-signature.ts`. Null with the vector: there was nothing to embed, or not yet. */
  @Column({ type: 'bit', length: 256, nullable: true })
  bits!: string | null;

  /** Of length 1. */
  @Column({ type: 'real', array: true, nullable: true })
  vector!: number[] | null;

  /** While it has no vector: somebody is at it until then. Null: there will be none. */
  @Column({ name: 'claimed_until', type: 'timestamptz', nullable: true })
  claimedUntil!: Date | null;
}

import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** Which process is at work on a conversation that nobody waits for, and how it went before. */
@Entity({ name: 'conversation_upkeep' })
export class ConversationUpkeepEntity {
  @ForeignKey('ConversationEntity', { name: 'conversation_upkeep_conversation_fk', onDelete: 'CASCADE' })
  @PrimaryColumn({
    name: 'conversation_id',
    type: 'uuid',
    primaryKeyConstraintName: 'conversation_upkeep_pk',
  })
  conversationId!: string;

  /** Whose it is until `claimedUntil`; null: nobody's, and not before then. */
  @Column({ type: 'uuid', nullable: true })
  claim!: string | null;

  @Column({ name: 'claimed_until', type: 'timestamptz' })
  claimedUntil!: Date;

  /** In a row. */
  @Column({ type: 'integer', default: 0 })
  failures!: number;
}

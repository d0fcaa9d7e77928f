import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** A definition of a tool of an MCP server that was seen, and what was decided about it. */
@Entity({ name: 'tool_pin' })
@Unique('tool_pin_definition_unique', ['server', 'tool', 'hash'])
@Index('tool_pin_one_approved', ['server', 'tool'], { unique: true, where: `status = 'approved'` })
@Check('tool_pin_status_known', `status IN ('approved', 'pending', 'rejected', 'superseded')`)
export class ToolPinEntity {
  /** A UUIDv7: the order of the list. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'tool_pin_pk' })
  id!: string;

  /** Its name in PERCH_MCP_SERVERS. */
  @Column({ type: 'text' })
  server!: string;

  /** The server's own name of the tool. */
  @Column({ type: 'text' })
  tool!: string;

  /** SHA-256, hexadecimal, of the definition as the server sent it. */
  @Column({ type: 'text' })
  hash!: string;

  /** As it is offered: `McpDefinition`. */
  @Column({ type: 'jsonb' })
  definition!: object;

  @Column({ type: 'text' })
  status!: string;

  /** Whether it was in the server's list when that was last read. */
  @Column({ name: 'is_listed', type: 'boolean' })
  isListed!: boolean;

  @Column({ name: 'first_seen_at', type: 'timestamptz' })
  firstSeenAt!: Date;

  @Column({ name: 'last_seen_at', type: 'timestamptz' })
  lastSeenAt!: Date;

  /** The administrator. No foreign key: the decision outlives the account. */
  @Column({ name: 'decided_by', type: 'uuid', nullable: true })
  decidedBy!: string | null;

  @Column({ name: 'decided_at', type: 'timestamptz', nullable: true })
  decidedAt!: Date | null;
}

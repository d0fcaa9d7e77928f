import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** What a user uses an MCP server with. Only this user's calls carry it. */
@Entity({ name: 'tool_credential' })
export class ToolCredentialEntity {
  @ForeignKey('UserAccountEntity', { name: 'tool_credential_user_fk', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'user_id', type: 'uuid', primaryKeyConstraintName: 'tool_credential_pk' })
  userId!: string;

  /** Its name in PERCH_MCP_SERVERS. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_credential_pk' })
  server!: string;

  /** AES-256-GCM: nonce, tag, ciphertext. See `sealed-text.ts`. */
  @Column({ type: 'bytea' })
  sealed!: Buffer;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}

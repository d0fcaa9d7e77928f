import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { UserAccountEntity } from '../user-account.entity.js';

/** Which account belongs to whom an outside provider knows. Found by issuer and subject alone, never by an email. */
@Entity({ name: 'external_identity' })
@Unique('external_identity_user_unique', ['userId'])
export class ExternalIdentityEntity {
  /** SHA-256 of issuer and subject. */
  @PrimaryColumn({ name: 'identity_hash', type: 'bytea', primaryKeyConstraintName: 'external_identity_pk' })
  identityHash!: Buffer;

  /** `null`: the account was deleted. */
  @ForeignKey(() => UserAccountEntity, { name: 'external_identity_user_fk', onDelete: 'SET NULL' })
  @Column({ name: 'user_id', type: 'uuid', nullable: true })
  userId!: string | null;

  @Column({ type: 'text' })
  issuer!: string;

  /** When the token was issued whose claims the account has; older ones say nothing any more. */
  @Column({ name: 'claims_at', type: 'timestamptz', nullable: true })
  claimsAt!: Date | null;

  /** When a token of the deleted account was first refused. Only tokens from after it begin anew. */
  @Column({ name: 'gone_at', type: 'timestamptz', nullable: true })
  goneAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}

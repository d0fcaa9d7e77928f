import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { UserAccountEntity } from '../user-account.entity.js';

/** A token that was sent by mail. It is good once: whoever uses it deletes it. */
@Entity({ name: 'account_token' })
@Unique('account_token_hash_unique', ['tokenHash'])
@Unique('account_token_one_per_purpose', ['userId', 'purpose'])
@Check('account_token_purpose_known', `purpose IN ('password_reset', 'email_change')`)
export class AccountTokenEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'account_token_pk' })
  id!: string;

  @ForeignKey(() => UserAccountEntity, { name: 'account_token_user_fk', onDelete: 'CASCADE' })
  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @Column({ type: 'text' })
  purpose!: string;

  /** SHA-256 of the token, which is 256 random bits. */
  @Column({ name: 'token_hash', type: 'bytea' })
  tokenHash!: Buffer;

  /** Where it was sent to: who shows it can read that mail. */
  @Column({ type: 'text' })
  email!: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;
}

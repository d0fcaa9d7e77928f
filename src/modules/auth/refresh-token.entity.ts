import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { UserAccountEntity } from './user-account.entity.js';

/** One refresh token. All that descend from one login are a family: the session. */
@Entity({ name: 'refresh_token' })
@Unique('refresh_token_hash_unique', ['tokenHash'])
@Index('refresh_token_by_family', ['familyId'])
@Index('refresh_token_by_user', ['userId', 'expiresAt'])
@Index('refresh_token_revoked', ['familyId'], { where: 'revoked_at IS NOT NULL' })
export class RefreshTokenEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'refresh_token_pk' })
  id!: string;

  @Column({ name: 'family_id', type: 'uuid' })
  familyId!: string;

  @ForeignKey(() => UserAccountEntity, { name: 'refresh_token_user_fk', onDelete: 'CASCADE' })
  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  /** SHA-256 of the token. The token itself is 256 random bits, so a plain hash is enough, and is never stored. */
  @Column({ name: 'token_hash', type: 'bytea' })
  tokenHash!: Buffer;

  /** The program that asked for it (`User-Agent`), so that people know their sessions apart. */
  @Column({ type: 'text', nullable: true })
  client!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  /** When it was exchanged for its successor. Seen a second time, the whole family is revoked. */
  @Column({ name: 'used_at', type: 'timestamptz', nullable: true })
  usedAt!: Date | null;

  /** A family is revoked as soon as any of its tokens is. */
  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  revokedAt!: Date | null;
}

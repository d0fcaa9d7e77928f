import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { UserAccountEntity } from '../user-account.entity.js';

/** A key that is good. One that is revoked is gone. */
@Entity({ name: 'api_key' })
@Unique('api_key_hash_unique', ['keyHash'])
@Index('api_key_by_user', ['userId', 'id'])
export class ApiKeyEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'api_key_pk' })
  id!: string;

  @ForeignKey(() => UserAccountEntity, { name: 'api_key_user_fk', onDelete: 'CASCADE' })
  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @Column({ type: 'text' })
  name!: string;

  /** The beginning of the key, by which its owner knows it again. No part of the secret. */
  @Column({ type: 'text' })
  prefix!: string;

  /** SHA-256 of the key. The key holds 256 random bits, so a plain hash is enough, and is never stored. */
  @Column({ name: 'key_hash', type: 'bytea' })
  keyHash!: Buffer;

  /** The key may at most do this, and never more than its owner. */
  @Column({ type: 'text', array: true })
  scopes!: string[];

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt!: Date | null;

  /** To the minute. */
  @Column({ name: 'last_used_at', type: 'timestamptz', nullable: true })
  lastUsedAt!: Date | null;
}

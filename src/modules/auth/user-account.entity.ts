import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

@Entity({ name: 'user_account' })
@Unique('user_account_email_unique', ['email'])
@Index('user_account_to_erase', ['erasureRequestedAt'], { where: 'erasure_requested_at IS NOT NULL' })
@Check('user_account_email_lower', `email = lower(email)`)
@Check('user_account_tier_known', `tier IN ('free', 'basic', 'pro')`)
@Check('user_account_kind_known', `kind IN ('local', 'external', 'service')`)
@Check(
  'user_account_login_by_kind',
  `num_nonnulls(email, password_hash) = CASE kind WHEN 'local' THEN 2 ELSE 0 END`,
)
@Index('user_account_service_name', ['name'], { unique: true, where: `kind = 'service'` })
export class UserAccountEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'user_account_pk' })
  id!: string;

  /** `local`: logs in here. `external`: an outside provider vouches for it. `service`: has API keys alone. */
  @Column({ type: 'text', default: 'local' })
  kind!: string;

  /** Of a local account; lower case, as `normaliseEmail` makes it. */
  @Column({ type: 'text', nullable: true })
  email!: string | null;

  /** What an account without an email is called; of an external one what its provider says its email is. */
  @Column({ type: 'text', nullable: true })
  name!: string | null;

  /** Argon2id, in the PHC string format; of a local account. */
  @Column({ name: 'password_hash', type: 'text', nullable: true })
  passwordHash!: string | null;

  @Column({ type: 'text', default: 'free' })
  tier!: string;

  @Column({ type: 'text', array: true, default: '{}' })
  roles!: string[];

  /** The account's own, beyond those of its roles. */
  @Column({ type: 'text', array: true, default: '{}' })
  permissions!: string[];

  /** What an administrator has set for this account alone: see `own-limits.ts`. */
  @Column({ type: 'jsonb', default: {} })
  limits!: object;

  /** Which tools an administrator has given or taken: see `tool-access.ts`. */
  @Column({ type: 'jsonb', default: {} })
  tools!: object;

  /** Set: neither passwords nor tokens of this account are good for anything. */
  @Column({ name: 'disabled_at', type: 'timestamptz', nullable: true })
  disabledAt!: Date | null;

  /** The user wants facts about them kept, and shown to models. */
  @Column({ name: 'memory_enabled', type: 'boolean', default: false })
  isMemoryEnabled!: boolean;

  /** Set: everything of this user is being erased, and nothing brings the account back. */
  @Column({ name: 'erasure_requested_at', type: 'timestamptz', nullable: true })
  erasureRequestedAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}

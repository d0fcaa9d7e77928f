import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** A name under which there are versions of a template, and which of them is used. */
@Entity({ name: 'prompt' })
@Unique('prompt_name_unique', ['name'])
@Check(
  'prompt_rollout_whole',
  `(rollout_version IS NULL) = (rollout_percent IS NULL) AND rollout_percent BETWEEN 1 AND 99`,
)
export class PromptEntity {
  /** A UUIDv7: the order of the list. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'prompt_pk' })
  id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Column({ name: 'active_version', type: 'integer' })
  activeVersion!: number;

  /** The version that was given last; its row is what makes two at the same time wait for each other. */
  @Column({ name: 'latest_version', type: 'integer' })
  latestVersion!: number;

  /** What a share of the users gets instead of the active version. */
  @Column({ name: 'rollout_version', type: 'integer', nullable: true })
  rolloutVersion!: number | null;

  @Column({ name: 'rollout_percent', type: 'integer', nullable: true })
  rolloutPercent!: number | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}

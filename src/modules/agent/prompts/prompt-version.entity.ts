import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** A version of a prompt. Written once. */
@Entity({ name: 'prompt_version' })
export class PromptVersionEntity {
  @ForeignKey('PromptEntity', { name: 'prompt_version_prompt_fk', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'prompt_id', type: 'uuid', primaryKeyConstraintName: 'prompt_version_pk' })
  promptId!: string;

  /** From 1. */
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'prompt_version_pk' })
  version!: number;

  @Column({ type: 'text' })
  template!: string;

  /** `PromptVariable[]`. */
  @Column({ type: 'jsonb' })
  variables!: unknown;

  /** SHA-256 of the template, hexadecimal. */
  @Column({ type: 'text' })
  hash!: string;

  /** No foreign key: the version outlives the account. */
  @Column({ name: 'created_by', type: 'uuid' })
  createdBy!: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}

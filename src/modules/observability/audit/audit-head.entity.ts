import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** Where the chain of the audit trail ends. One row; whoever holds it seals. A trigger lets it go forward only. */
@Entity({ name: 'audit_head' })
@Check('audit_head_single', 'id')
export class AuditHeadEntity {
  @PrimaryColumn({ type: 'boolean', primaryKeyConstraintName: 'audit_head_pk' })
  id!: boolean;

  @Column({ type: 'bigint' })
  seq!: string;

  @Column({ type: 'text' })
  hash!: string;
}

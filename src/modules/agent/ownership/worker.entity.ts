import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One process that drives runs. While its lease holds by the database's clock, its runs are its own. */
@Entity({ name: 'worker' })
export class WorkerEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'worker_pk' })
  id!: string;

  @Column({ type: 'text' })
  host!: string;

  @Column({ name: 'started_at', type: 'timestamptz' })
  startedAt!: Date;

  @Column({ name: 'lease_until', type: 'timestamptz' })
  leaseUntil!: Date;
}

import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** Events of a run as subscribers have seen them: one row for what was committed together. */
@Entity({ name: 'run_event' })
export class RunEventEntity {
  @ForeignKey('RunEntity', { name: 'run_event_run_fk', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'run_id', type: 'uuid', primaryKeyConstraintName: 'run_event_pk' })
  runId!: string;

  @PrimaryColumn({ name: 'first_id', type: 'integer', primaryKeyConstraintName: 'run_event_pk' })
  firstId!: number;

  @Column({ name: 'last_id', type: 'integer' })
  lastId!: number;

  /** False: the half of a step that lost its owner; a `step-restart` follows that voids it. */
  @Column({ name: 'is_settled', type: 'boolean' })
  isSettled!: boolean;

  /** See stored-events.ts. */
  @Column({ type: 'text' })
  events!: string;
}

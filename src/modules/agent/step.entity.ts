import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** The journal of a run: a row per model call and per tool call, in one sequence. */
@Entity({ name: 'step' })
@Check('step_kind_known', `kind IN ('model', 'tool', 'approval')`)
@Check('step_status_known', `status IN ('waiting', 'started', 'done', 'unknown', 'error')`)
export class StepEntity {
  @ForeignKey('RunEntity', { name: 'step_run_fk', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'run_id', type: 'uuid', primaryKeyConstraintName: 'step_pk' })
  runId!: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'step_pk' })
  seq!: number;

  /** Which step of the loop, from 1: a model call and its tool calls share it. */
  @Column({ type: 'integer' })
  step!: number;

  @Column({ type: 'text' })
  kind!: string;

  /** A tool call is `started` before it is dispatched; `waiting`: not before somebody has agreed. */
  @Column({ type: 'text' })
  status!: string;

  @Column({ name: 'call_id', type: 'text', nullable: true })
  callId!: string | null;

  @Column({ name: 'tool_name', type: 'text', nullable: true })
  toolName!: string | null;

  /** Of a tool call: its input. */
  @Column({ type: 'jsonb', nullable: true })
  request!: unknown;

  /** Of a tool call: its result. Of a model call: model, finish reason, usage, cost. */
  @Column({ type: 'jsonb', nullable: true })
  result!: unknown;

  @Column({ name: 'started_at', type: 'timestamptz' })
  startedAt!: Date;

  @Column({ name: 'ended_at', type: 'timestamptz', nullable: true })
  endedAt!: Date | null;
}

import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Length, MaxLength } from 'class-validator';
import { ProblemDto } from '../../shared/errors/problem.dto.js';
import { IsSafeText } from '../../shared/http/text-safety.js';
import { ChatBody, FINISH_REASONS, RunPromptDto, STOP_REASONS, UsageDto } from './chat.dto.js';

export const RUN_STATUSES = ['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled'] as const;

export class BackgroundRunBody extends ChatBody {
  /** There is no connection to lose: only `continue` is possible. */
  @ApiPropertyOptional({ enum: ['continue'], example: 'continue' })
  @IsOptional()
  @IsIn(['continue'])
  override on_disconnect?: 'continue';
}

export class RunStatusDto {
  @ApiProperty({ format: 'uuid', example: '0193ab40-7c20-7000-8000-9a0c44d2b7e3' })
  run_id!: string;

  @ApiProperty({ format: 'uuid', example: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1' })
  session_id!: string;

  @ApiProperty({ enum: RUN_STATUSES, example: 'queued' })
  status!: (typeof RUN_STATUSES)[number];
}

export class StepDto {
  /** Counts model calls and tool calls of the run together, from 1. */
  @ApiProperty({ example: 2 })
  seq!: number;

  /** Which step: a model call and the tool calls it asked for share one. */
  @ApiProperty({ example: 1 })
  step!: number;

  @ApiProperty({ enum: ['model', 'tool', 'approval'], example: 'tool' })
  kind!: 'model' | 'tool' | 'approval';

  /** `waiting`: not before somebody has agreed to it, or to another call of its step. */
  @ApiProperty({ enum: ['waiting', 'started', 'done', 'unknown', 'error'], example: 'done' })
  status!: 'waiting' | 'started' | 'done' | 'unknown' | 'error';

  /** Of tool calls. */
  @ApiProperty({ type: String, nullable: true, example: 'call_1' })
  tool_call_id!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'calculator' })
  tool_name!: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: { expression: '840 * 0.125' },
  })
  input!: unknown;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: { value: 105 } })
  result!: unknown;

  /** Of model calls. */
  @ApiProperty({ type: String, nullable: true, example: null })
  model!: string | null;

  @ApiProperty({ type: String, enum: FINISH_REASONS, nullable: true, example: null })
  finish_reason!: string | null;

  @ApiProperty({ type: UsageDto, nullable: true })
  usage!: UsageDto | null;

  @ApiProperty({ type: String, nullable: true, example: null })
  cost_usd!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-24T09:30:02.000Z' })
  started_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-24T09:30:02.004Z' })
  ended_at!: string | null;
}

export class ApprovalDto {
  @ApiProperty({ example: 'call_1' })
  tool_call_id!: string;

  @ApiProperty({ example: 'crm_create_ticket' })
  tool_name!: string;

  /** What the tool will be called with. */
  @ApiProperty({ type: 'object', additionalProperties: true, example: { subject: 'Refund order 1042' } })
  input!: unknown;

  @ApiProperty({ enum: ['pending', 'approved', 'denied', 'expired'], example: 'pending' })
  status!: 'pending' | 'approved' | 'denied' | 'expired';

  @ApiProperty({ type: String, nullable: true, example: null })
  reason!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-27T09:30:00.000Z' })
  expires_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  decided_at!: string | null;
}

/** What a chat is answered with when a call of its run waits for the user: decide, then read or follow the run. */
export class WaitingRunDto extends RunStatusDto {
  /** Those that wait. */
  @ApiProperty({ type: [ApprovalDto] })
  approvals!: ApprovalDto[];
}

export class DecideApprovalBody {
  /** From `approval-request`, or from the run. */
  @ApiProperty({ minLength: 1, maxLength: 512, example: 'call_1' })
  @IsSafeText()
  @Length(1, 512)
  tool_call_id!: string;

  @ApiProperty({ enum: ['approve', 'deny'], example: 'approve' })
  @IsIn(['approve', 'deny'])
  decision!: 'approve' | 'deny';

  /** Told to the model when the call is refused. */
  @ApiPropertyOptional({ maxLength: 1000, example: 'Ask the customer first.' })
  @IsOptional()
  @IsSafeText()
  @MaxLength(1000)
  reason?: string;
}

/** What the model was shown of the conversation before this run, and what not. */
export class ContextDto {
  /** What the model can read and write in one call. */
  @ApiProperty({ example: 200000 })
  window_tokens!: number;

  /** Perch's own estimate of the run's first request. */
  @ApiProperty({ example: 1830 })
  estimated_tokens!: number;

  /** Messages of the conversation that went in as they are. */
  @ApiProperty({ example: 24 })
  included_messages!: number;

  /** Messages that did not; a summary may cover them. */
  @ApiProperty({ example: 0 })
  left_out_messages!: number;

  /** Older messages that were quoted because they bear on this one. */
  @ApiProperty({ example: 0 })
  recalled_messages!: number;

  @ApiProperty({ example: 0 })
  pinned_messages!: number;

  /** Long tool results of which only beginning and end were shown. */
  @ApiProperty({ example: 0 })
  shortened_results!: number;

  @ApiProperty({ type: Number, nullable: true, example: null })
  summary_version!: number | null;

  /** Facts that the user asked to be remembered. */
  @ApiProperty({ example: 0 })
  memories!: number;
}

export class RunDto {
  @ApiProperty({ format: 'uuid', example: '0193ab40-7c20-7000-8000-9a0c44d2b7e3' })
  run_id!: string;

  @ApiProperty({ format: 'uuid', example: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1' })
  session_id!: string;

  @ApiProperty({ enum: RUN_STATUSES, example: 'completed' })
  status!: (typeof RUN_STATUSES)[number];

  @ApiProperty({ example: 'default' })
  agent!: string;

  @ApiProperty({ example: 'scripted' })
  model!: string;

  /** The prompt that it was admitted with; null: the instructions of its agent. */
  @ApiProperty({ type: RunPromptDto, nullable: true })
  prompt!: RunPromptDto | null;

  /** Null while the run goes on. */
  @ApiProperty({ type: String, enum: STOP_REASONS, nullable: true, example: 'finished' })
  stop_reason!: string | null;

  @ApiProperty({ type: String, enum: FINISH_REASONS, nullable: true, example: 'stop' })
  finish_reason!: string | null;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    example: '0193ab40-7c2f-7000-8000-5d1b7a90e4c2',
  })
  message_id!: string | null;

  /** Over all model calls so far. */
  @ApiProperty({ type: UsageDto, nullable: true })
  usage!: UsageDto | null;

  /** Decimal string in USD; null while it is unknown. */
  @ApiProperty({ type: String, nullable: true, example: '0.001230' })
  cost_usd!: string | null;

  /** What the model was shown of the past; null until the run has ended. */
  @ApiProperty({ type: ContextDto, nullable: true })
  context!: ContextDto | null;
  /** True: no model was called; an answer of before was given again. */
  @ApiProperty({ example: false })
  cached!: boolean;

  /** What a failed run ended with. */
  @ApiProperty({ type: ProblemDto, nullable: true })
  problem!: unknown;

  @ApiProperty({ format: 'date-time', example: '2026-11-24T09:30:00.000Z' })
  created_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-24T09:30:00.000Z' })
  started_at!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-24T09:30:04.000Z' })
  ended_at!: string | null;

  @ApiProperty({ type: [StepDto] })
  steps!: StepDto[];

  /** Calls that the user was asked about. */
  @ApiProperty({ type: [ApprovalDto] })
  approvals!: ApprovalDto[];
}

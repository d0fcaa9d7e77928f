import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsIn,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import { IsSafeJson, IsSafeText } from '../../shared/http/text-safety.js';
import type { JsonObject } from '../../shared/llm/json.js';
import { IsToolSelection } from './is-tool-selection.js';

export const MAX_MESSAGE_LENGTH = 10_000;
const MAX_CONTEXT_BYTES = 16 * 1024;

export class ChatBody {
  /** What the user says. */
  @ApiProperty({ minLength: 1, maxLength: MAX_MESSAGE_LENGTH, example: 'What is 12.5% of 840?' })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_MESSAGE_LENGTH)
  @IsNotEmpty()
  @IsSafeText()
  message!: string;

  /** The conversation to go on with. Left out: a new one begins. */
  @ApiPropertyOptional({ format: 'uuid', example: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1' })
  @IsOptional()
  @IsUUID('all')
  session_id?: string;

  /** The name of a configured agent; `default` when left out. */
  @ApiPropertyOptional({ maxLength: 64, example: 'default' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  agent?: string;

  /** A model of `GET /models`; the agent's own when left out. */
  @ApiPropertyOptional({ maxLength: 200, example: 'scripted' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  model?: string;

  /** Data of the application for this request: shown to the model as data, not kept in the conversation. 16 KiB. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { page: 'invoices' } })
  @IsOptional()
  @IsObject()
  @IsSafeJson({ maxBytes: MAX_CONTEXT_BYTES })
  context?: JsonObject;

  /** Most tokens per model call; at most what the model can. */
  @ApiPropertyOptional({ minimum: 1, example: 1024 })
  @IsOptional()
  @IsInt()
  @Min(1)
  max_tokens?: number;

  @ApiPropertyOptional({ minimum: 0, maximum: 2, example: 0.7 })
  @IsOptional()
  @IsNumber({ allowNaN: false, allowInfinity: false })
  @Min(0)
  @Max(2)
  temperature?: number;

  /** Names of the tools to offer, or `false` for none. Left out: all that the agent has. */
  @ApiPropertyOptional({
    oneOf: [
      { type: 'array', items: { type: 'string' }, maxItems: 128 },
      { type: 'boolean', enum: [false] },
    ],
    example: ['calculator'],
  })
  @IsOptional()
  @IsToolSelection()
  tools?: string[] | false;

  /**
   * What happens to the run when this connection is lost. Left out: `cancel`; with an `Idempotency-Key`, which says that
   * the caller may come back, `continue`.
   */
  @ApiPropertyOptional({ enum: ['cancel', 'continue'], example: 'cancel' })
  @IsOptional()
  @IsIn(['cancel', 'continue'])
  on_disconnect?: 'cancel' | 'continue';

  /**
   * What happens when the conversation is busy. Left out: `reject`, with `run_conflict`. `enqueue`: this run waits for its
   * turn. `interrupt`: it comes next, and everything before it is cancelled.
   */
  @ApiPropertyOptional({ enum: ['reject', 'enqueue', 'interrupt'], example: 'reject' })
  @IsOptional()
  @IsIn(['reject', 'enqueue', 'interrupt'])
  on_conflict?: 'reject' | 'enqueue' | 'interrupt';
}

export class UsageDto {
  /** All that the models read, cache reads and writes included. */
  @ApiProperty({ example: 412 })
  input_tokens!: number;

  /** All that the models wrote, reasoning included. */
  @ApiProperty({ example: 38 })
  output_tokens!: number;

  @ApiProperty({ example: 0 })
  cache_read_tokens!: number;

  @ApiProperty({ example: 0 })
  cache_write_tokens!: number;

  @ApiProperty({ example: 450 })
  total_tokens!: number;

  /** `estimated`: the provider reported nothing for at least one call, so Perch counted. */
  @ApiProperty({ enum: ['measured', 'estimated'], example: 'measured' })
  source!: 'measured' | 'estimated';
}

export class ToolCallDto {
  @ApiProperty({ example: 'call_1' })
  tool_call_id!: string;

  @ApiProperty({ example: 'calculator' })
  tool_name!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { expression: '840 * 0.125' } })
  input!: unknown;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { value: 105 } })
  result!: unknown;

  @ApiProperty({ example: false })
  is_error!: boolean;

  @ApiProperty({ example: 1.2 })
  duration_ms!: number;
}

export const FINISH_REASONS = ['stop', 'length', 'content_filter', 'tool_calls', 'error', 'other'] as const;
export const STOP_REASONS = [
  'finished',
  'max_steps',
  'repeated_calls',
  'tool_args_invalid',
  'budget',
  'cancelled',
  'timeout',
  'error',
] as const;

export class RunPromptDto {
  @ApiProperty({ example: 'default' })
  name!: string;

  @ApiProperty({ example: 2 })
  version!: number;
}

export class ChatAnswerDto {
  @ApiProperty({ format: 'uuid', example: '0193ab40-7c20-7000-8000-9a0c44d2b7e3' })
  run_id!: string;

  @ApiProperty({ format: 'uuid', example: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1' })
  session_id!: string;

  /** The assistant message in the conversation; null when the run ended before there was one. */
  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    example: '0193ab40-7c2f-7000-8000-5d1b7a90e4c2',
  })
  message_id!: string | null;

  @ApiProperty({ example: '12.5% of 840 is 105.' })
  content!: string;

  @ApiProperty({ type: [ToolCallDto] })
  tool_calls!: ToolCallDto[];

  /** Why the last model call ended. */
  @ApiProperty({ enum: FINISH_REASONS, example: 'stop' })
  finish_reason!: (typeof FINISH_REASONS)[number];

  /** Why the run ended. */
  @ApiProperty({ enum: STOP_REASONS, example: 'finished' })
  stop_reason!: (typeof STOP_REASONS)[number];

  /** The model that answered: the one asked for, or a fallback. */
  @ApiProperty({ example: 'scripted' })
  model!: string;

  /** The prompt that the model was told; null: the instructions of its agent. */
  @ApiProperty({ type: RunPromptDto, nullable: true })
  prompt!: RunPromptDto | null;

  @ApiProperty({ type: UsageDto })
  usage!: UsageDto;

  /** Decimal string in USD; null where a price is unknown. */
  @ApiProperty({ type: String, nullable: true, example: '0.001230' })
  cost_usd!: string | null;

  /** True: no model was called; an answer of before was given again. */
  @ApiProperty({ example: false })
  cached!: boolean;

  @ApiProperty({ example: 412.5 })
  latency_ms!: number;
}

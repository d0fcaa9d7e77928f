import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsInt, IsOptional, IsString, Length, Max, MaxLength, Min } from 'class-validator';
import { IsSafeText } from '../../shared/http/text-safety.js';

export class ListConversationsQuery {
  /** From `next_cursor` of the page before. */
  @ApiPropertyOptional({ example: 'MjAyNi0xMS0yNFQwOTozMDowMC4wMDBafDAxOTNhYjQw' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  cursor?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 100, default: 20, example: 20 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit?: number;

  /** Only conversations whose title contains this text, or where a message has all of these words, in whatever form. */
  @ApiPropertyOptional({ example: 'invoice' })
  @IsOptional()
  @IsSafeText()
  @MaxLength(200)
  q?: string;
}

export class ReadConversationQuery {
  /** Only messages before this `seq`: how one pages into the past. */
  @ApiPropertyOptional({ minimum: 1, example: 41 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  before?: number;

  @ApiPropertyOptional({ minimum: 1, maximum: 200, default: 50, example: 50 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  limit?: number;
}

export class RenameConversationBody {
  @ApiProperty({ minLength: 1, maxLength: 200, example: 'Invoice questions' })
  @IsString()
  @Length(1, 200)
  @IsSafeText()
  title!: string;
}

export class PinMessageBody {
  @ApiProperty({ example: true })
  @IsBoolean()
  pinned!: boolean;
}

export class ConversationSummaryDto {
  @ApiProperty({ format: 'uuid', example: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1' })
  session_id!: string;

  @ApiProperty({ example: 'What is 12.5% of 840?' })
  title!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-24T09:30:00.000Z' })
  created_at!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-24T09:30:04.000Z' })
  updated_at!: string;

  /** When it will be erased unless it goes on. */
  @ApiProperty({ format: 'date-time', example: '2026-11-25T09:30:04.000Z' })
  expires_at!: string;
}

export class ConversationListDto {
  @ApiProperty({ type: [ConversationSummaryDto] })
  conversations!: ConversationSummaryDto[];

  /** `null` on the last page. */
  @ApiProperty({ type: String, nullable: true, example: null })
  next_cursor!: string | null;
}

export class MessagePartDto {
  @ApiProperty({ enum: ['text', 'image', 'reasoning', 'tool-call', 'tool-result'], example: 'tool-call' })
  type!: 'text' | 'image' | 'reasoning' | 'tool-call' | 'tool-result';

  /** Of text and reasoning parts. */
  @ApiPropertyOptional({ example: '12.5% of 840 is 105.' })
  text?: string;

  /** Of image parts. */
  @ApiPropertyOptional({ example: 'image/png' })
  media_type?: string;

  /** Of image parts that were given by address. */
  @ApiPropertyOptional({ example: 'https://example.com/cat.png' })
  url?: string;

  /** Of tool calls and results. */
  @ApiPropertyOptional({ example: 'call_1' })
  tool_call_id?: string;

  @ApiPropertyOptional({ example: 'calculator' })
  tool_name?: string;

  /** Of tool calls: what the model passed. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { expression: '840 * 0.125' } })
  input?: unknown;

  /** Of tool results: what the tool answered. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { value: 105 } })
  result?: unknown;

  @ApiPropertyOptional({ example: false })
  is_error?: boolean;
}

export class MessageDto {
  @ApiProperty({ format: 'uuid', example: '0193ab40-7c2f-7000-8000-5d1b7a90e4c2' })
  message_id!: string;

  /** Counts from 1 within the conversation. */
  @ApiProperty({ example: 2 })
  seq!: number;

  @ApiProperty({ enum: ['user', 'assistant', 'tool'], example: 'assistant' })
  role!: 'user' | 'assistant' | 'tool';

  /** The visible text. */
  @ApiProperty({ example: '12.5% of 840 is 105.' })
  content!: string;

  @ApiProperty({ type: [MessagePartDto] })
  parts!: MessagePartDto[];

  /** `incomplete`: the answer broke off and this is what had arrived. */
  @ApiProperty({ enum: ['complete', 'incomplete'], example: 'complete' })
  status!: 'complete' | 'incomplete';

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    example: '0193ab40-7c20-7000-8000-9a0c44d2b7e3',
  })
  run_id!: string | null;

  /** The model sees it however long the conversation becomes. */
  @ApiProperty({ example: false })
  pinned!: boolean;

  @ApiProperty({ format: 'date-time', example: '2026-11-24T09:30:04.000Z' })
  created_at!: string;
}

export class ConversationDto extends ConversationSummaryDto {
  /** Oldest first. */
  @ApiProperty({ type: [MessageDto] })
  messages!: MessageDto[];

  /** True when there are older messages: ask again with `before` = the first message's `seq`. */
  @ApiProperty({ example: false })
  has_more!: boolean;
}

export class ClearedDto {
  @ApiProperty({ enum: ['cleared'], example: 'cleared' })
  status!: 'cleared';
}

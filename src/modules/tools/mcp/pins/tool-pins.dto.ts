import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import { IdPageQuery } from '../../../../shared/http/id-page.js';
import { PIN_STATUSES, type PinStatus } from './tool-pin.js';

export class ListToolPinsQuery extends IdPageQuery {
  @ApiPropertyOptional({ enum: PIN_STATUSES, example: 'pending' })
  @IsOptional()
  @IsIn(PIN_STATUSES)
  status?: PinStatus;

  /** Only tools of this server. */
  @ApiPropertyOptional({ example: 'tickets' })
  @IsOptional()
  @Matches(/^[a-z0-9][a-z0-9-]{0,31}$/, { message: 'must be the name of a server' })
  server?: string;
}

export class ToolPinDto {
  @ApiProperty({ format: 'uuid', example: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1' })
  id!: string;

  @ApiProperty({ example: 'tickets' })
  server!: string;

  /** The server’s own name of the tool. */
  @ApiProperty({ example: 'search_tickets' })
  tool!: string;

  /** `superseded`: another definition of the tool was approved after it. */
  @ApiProperty({ enum: PIN_STATUSES, example: 'pending' })
  status!: PinStatus;

  /** SHA-256 of the definition as the server sent it. */
  @ApiProperty({ example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' })
  hash!: string;

  /** Written by the server: read it as a stranger’s text. */
  @ApiProperty({ example: 'Searches the tickets of a project.' })
  description!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { type: 'object' } })
  input_schema!: unknown;

  /** What the server says about its tool. Nothing here believes it. */
  @ApiProperty({ type: 'object', additionalProperties: true, example: { readOnlyHint: true } })
  annotations!: object;

  @ApiProperty({ format: 'date-time', example: '2026-11-24T09:30:00.000Z' })
  first_seen_at!: string;

  /** To the hour. */
  @ApiProperty({ format: 'date-time', example: '2026-11-25T09:30:00.000Z' })
  last_seen_at!: string;

  /** `null`: nobody decided; it was trusted at first sight, or waits. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true, example: null })
  decided_by!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  decided_at!: string | null;
}

export class ToolPinListDto {
  /** Newest first. */
  @ApiProperty({ type: [ToolPinDto] })
  pins!: ToolPinDto[];

  /** `null` on the last page. */
  @ApiProperty({ type: String, nullable: true, example: null })
  next_cursor!: string | null;
}

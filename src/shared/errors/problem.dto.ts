import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export class FieldErrorDto {
  /** RFC 6901 pointer into the body. */
  @ApiProperty({ example: '/message' })
  pointer!: string;

  @ApiProperty({ example: 'must be shorter than or equal to 10000 characters' })
  detail!: string;
}

/** RFC 9457 problem details. Members beyond these belong to a code and are listed with it. */
export class ProblemDto {
  @ApiProperty({ example: 'urn:perch:problem:validation_failed' })
  type!: string;

  @ApiProperty({ example: 'Validation failed' })
  title!: string;

  @ApiProperty({ example: 422 })
  status!: number;

  @ApiProperty({ example: 'The request does not have the form the contract asks for.' })
  detail!: string;

  /** The path of the request. */
  @ApiPropertyOptional({ example: '/api/v1/agent/chat' })
  instance?: string;

  /** Stable: what programs decide by. */
  @ApiProperty({ example: 'validation_failed' })
  code!: string;

  /** Finds the request in the logs. */
  @ApiPropertyOptional({ example: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1' })
  request_id?: string;

  /** What is wrong with the body, member by member. */
  @ApiPropertyOptional({ type: [FieldErrorDto] })
  errors?: FieldErrorDto[];

  /** Of `payload_too_large`. */
  @ApiPropertyOptional({ example: 262144 })
  limit_bytes?: number;

  /** Of `run_conflict`. */
  @ApiPropertyOptional({ example: '0193ab40-7c20-7000-8000-9a0c44d2b7e3' })
  active_run_id?: string;

  /** Of 429: which limit. */
  @ApiPropertyOptional({
    enum: [
      'requests_per_minute',
      'tokens_per_minute',
      'daily_cost',
      'monthly_cost',
      'queued_runs',
      'failed_logins',
      'confirmations',
      'exports',
    ],
  })
  scope?: string;

  /** Of 429: what the caller may use in all; money is a decimal string. */
  @ApiPropertyOptional({ oneOf: [{ type: 'number' }, { type: 'string' }], example: 10 })
  limit?: number | string;

  /** Of 429: what is left of it. */
  @ApiPropertyOptional({ oneOf: [{ type: 'number' }, { type: 'string' }], example: 0 })
  remaining?: number | string;

  /** Of 429: when the window begins anew. */
  @ApiPropertyOptional({ format: 'date-time', example: '2026-11-24T12:01:00.000Z' })
  reset_at?: string;

  /** Of an unready process: what was asked, and whether it answered. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { database: 'up', redis: 'down' },
  })
  checks?: Record<string, string>;

  /** Of 429 and 503: when to try again. */
  @ApiPropertyOptional({ example: 12 })
  retry_after_s?: number;
}

import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Max, Min, ValidateBy } from 'class-validator';
import { isDayOrMoment } from './ledger-period.js';
import { SPENDING_GROUPS, type SpendingGroup } from './spending.js';

function IsDayOrMoment(): PropertyDecorator {
  return ValidateBy({
    name: 'isDayOrMoment',
    validator: {
      validate: isDayOrMoment,
      defaultMessage: () => 'must be a day (2026-11-25) or a moment with its offset (2026-11-25T10:00:00Z)',
    },
  });
}

export class LedgerPeriodQuery {
  /** A day, or a moment with its offset. Default: thirty days before `to`. */
  @ApiPropertyOptional({ example: '2026-11-01' })
  @IsOptional()
  @IsDayOrMoment()
  from?: string;

  /** A day, which is included, or a moment with its offset, which is not. Default: today. */
  @ApiPropertyOptional({ example: '2026-11-25' })
  @IsOptional()
  @IsDayOrMoment()
  to?: string;
}

export class UsageRecordsQuery extends LedgerPeriodQuery {
  @ApiPropertyOptional({ enum: SPENDING_GROUPS, default: 'day', example: 'day' })
  @IsOptional()
  @IsIn(SPENDING_GROUPS)
  group_by?: SpendingGroup;
}

export class SpendingByUserQuery extends LedgerPeriodQuery {
  /** How many users, those who spent most first. */
  @ApiPropertyOptional({ minimum: 1, maximum: 500, default: 100, example: 100 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;
}

export class SpendingSumDto {
  /** Model calls. */
  @ApiProperty({ type: 'integer', example: 14 })
  calls!: number;

  /** Calls to models whose price is not known. */
  @ApiProperty({ type: 'integer', example: 0 })
  unpriced_calls!: number;

  /** With those that were read from or written to a cache. */
  @ApiProperty({ type: 'integer', example: 18_231 })
  input_tokens!: number;

  @ApiProperty({ type: 'integer', example: 2_410 })
  output_tokens!: number;

  @ApiProperty({ type: 'integer', example: 9_000 })
  cache_read_tokens!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  cache_write_tokens!: number;

  /** Part of the output. */
  @ApiProperty({ type: 'integer', example: 120 })
  reasoning_tokens!: number;

  @ApiProperty({ type: 'integer', example: 20_641 })
  total_tokens!: number;

  /** `null`: the price of at least one call is not known. */
  @ApiProperty({ type: String, nullable: true, example: '0.091200' })
  cost_usd!: string | null;

  /** Of the calls whose price is known. */
  @ApiProperty({ example: '0.091200' })
  known_cost_usd!: string;
}

export class UsageRecordDto extends SpendingSumDto {
  /** With `group_by=day`: the UTC day on which the run was admitted. */
  @ApiPropertyOptional({ format: 'date', example: '2026-11-24' })
  day?: string;

  /** With `group_by=model`. */
  @ApiPropertyOptional({ example: 'gpt-5-mini' })
  model?: string;

  /** With `group_by=model`. */
  @ApiPropertyOptional({ example: 'openai' })
  provider?: string;

  /** With `group_by=endpoint`. */
  @ApiPropertyOptional({ example: 'chat' })
  endpoint?: string;
}

export class UsageRecordsDto {
  @ApiProperty({ format: 'date-time', example: '2026-11-01T00:00:00.000Z' })
  from!: string;

  /** The first moment that does not count. */
  @ApiProperty({ format: 'date-time', example: '2026-11-26T00:00:00.000Z' })
  to!: string;

  @ApiProperty({ enum: SPENDING_GROUPS, example: 'day' })
  group_by!: SpendingGroup;

  /** Days in their order; models and endpoints by what they cost. */
  @ApiProperty({ type: [UsageRecordDto] })
  records!: UsageRecordDto[];

  @ApiProperty({ type: SpendingSumDto })
  total!: SpendingSumDto;
}

export class UserSpendingDto extends SpendingSumDto {
  @ApiProperty({ format: 'uuid', example: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55' })
  user_id!: string;

  /** `null`: the account is gone. */
  @ApiProperty({ type: String, nullable: true, example: 'ada@example.com' })
  email!: string | null;
}

export class SpendingByUserDto {
  @ApiProperty({ format: 'date-time', example: '2026-11-01T00:00:00.000Z' })
  from!: string;

  /** The first moment that does not count. */
  @ApiProperty({ format: 'date-time', example: '2026-11-26T00:00:00.000Z' })
  to!: string;

  /** Those who spent most first. */
  @ApiProperty({ type: [UserSpendingDto] })
  users!: UserSpendingDto[];

  /** True when there are more users than `limit`; they are in the total. */
  @ApiProperty({ example: false })
  has_more!: boolean;

  /** Of all users. */
  @ApiProperty({ type: SpendingSumDto })
  total!: SpendingSumDto;
}

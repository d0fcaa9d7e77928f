import { ApiProperty } from '@nestjs/swagger';
import { type Tier, TIERS } from '../../shared/context/principal.js';

export class WindowUsageDto {
  @ApiProperty({ type: 'integer', example: 50_000 })
  limit!: number;

  @ApiProperty({ type: 'integer', example: 1_830 })
  used!: number;

  /** Held for what is running now. */
  @ApiProperty({ type: 'integer', example: 4_200 })
  reserved!: number;

  @ApiProperty({ type: 'integer', example: 43_970 })
  remaining!: number;

  /** When all of it is there again, if nothing more is used. */
  @ApiProperty({ format: 'date-time', example: '2026-11-25T14:31:00.000Z' })
  reset_at!: string;
}

export class BudgetUsageDto {
  /** USD; `null`: there is no such limit. */
  @ApiProperty({ type: String, nullable: true, example: '10.000000' })
  limit!: string | null;

  /** USD, by runs that were admitted in this UTC day or month. */
  @ApiProperty({ example: '0.912000' })
  used!: string;

  /** USD, held for what is running now. */
  @ApiProperty({ example: '0.041000' })
  reserved!: string;

  /** USD; `null`: there is no such limit. */
  @ApiProperty({ type: String, nullable: true, example: '9.047000' })
  remaining!: string | null;

  /** The end of the UTC day or month. */
  @ApiProperty({ format: 'date-time', example: '2026-11-26T00:00:00.000Z' })
  reset_at!: string;
}

/** Over the last 60 seconds. */
export class QuotaWindowsDto {
  @ApiProperty({ type: WindowUsageDto })
  requests_per_minute!: WindowUsageDto;

  /** Of input, output and caches alike. */
  @ApiProperty({ type: WindowUsageDto })
  tokens_per_minute!: WindowUsageDto;
}

export class QuotaBudgetsDto {
  @ApiProperty({ type: BudgetUsageDto })
  daily_cost!: BudgetUsageDto;

  @ApiProperty({ type: BudgetUsageDto })
  monthly_cost!: BudgetUsageDto;
}

export class QuotaStandingDto {
  @ApiProperty({ enum: TIERS, example: 'free' })
  tier!: Tier;

  @ApiProperty({ type: QuotaWindowsDto })
  windows!: QuotaWindowsDto;

  @ApiProperty({ type: QuotaBudgetsDto })
  budgets!: QuotaBudgetsDto;
}

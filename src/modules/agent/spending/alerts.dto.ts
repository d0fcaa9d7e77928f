import { ApiProperty } from '@nestjs/swagger';
import type { AlertKind, AlertMembers, AlertScope } from './due-alerts.js';

const DELIVERIES = ['none', 'pending', 'delivered', 'failed'] as const;
export type AlertDelivery = (typeof DELIVERIES)[number];

export class AlertDto implements AlertMembers {
  @ApiProperty({ format: 'uuid', example: '0193ab42-5c10-7000-8000-2b3c4d5e6f70' })
  id!: string;

  /** `unusual_spending`: today is far above the user's own days. */
  @ApiProperty({ enum: ['budget', 'unusual_spending'], example: 'budget' })
  kind!: AlertKind;

  @ApiProperty({ format: 'uuid', example: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55' })
  user_id!: string;

  @ApiProperty({ enum: ['daily_cost', 'monthly_cost'], example: 'daily_cost' })
  scope!: AlertScope;

  /** Per cent of `limit`. */
  @ApiProperty({ type: 'integer', example: 80 })
  threshold!: number;

  /** USD. The budget; for unusual spending the median of the user's last active days. */
  @ApiProperty({ example: '10.000000' })
  limit!: string;

  /** USD, when the alert was raised. */
  @ApiProperty({ example: '8.012000' })
  spent!: string;

  /** A UTC day or month. */
  @ApiProperty({ example: '2026-11-25' })
  period!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-25T09:30:00.000Z' })
  created_at!: string;

  /** To the webhook. `none`: there was none when the alert was raised. */
  @ApiProperty({ enum: DELIVERIES, example: 'delivered' })
  delivery!: AlertDelivery;

  @ApiProperty({ type: 'integer', example: 1 })
  delivery_attempts!: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-25T09:30:01.000Z' })
  delivered_at!: string | null;

  /** Of the last try that failed: a status or an error code. */
  @ApiProperty({ type: String, nullable: true, example: null })
  last_failure!: string | null;
}

export class AlertListDto {
  /** Newest first. */
  @ApiProperty({ type: [AlertDto] })
  alerts!: AlertDto[];

  /** `null` on the last page. */
  @ApiProperty({ type: String, nullable: true, example: null })
  next_cursor!: string | null;
}

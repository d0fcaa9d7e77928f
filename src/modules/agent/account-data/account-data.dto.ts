import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import type { ErasureProof } from './account-erasure.js';

export class EraseAccountBody {
  /** Of the account. */
  @ApiPropertyOptional({ format: 'password', maxLength: 512, example: 'correct horse battery staple' })
  @IsOptional()
  @IsString()
  @MaxLength(512)
  password?: string;

  /** Of the account, where it has no password. */
  @ApiPropertyOptional({ format: 'email', maxLength: 254, example: 'ada@example.com' })
  @IsOptional()
  @IsString()
  @MaxLength(254)
  email?: string;
}

export class KeptDto {
  /** Of what was spent: amounts, models, times, and the user’s id. */
  @ApiProperty({ type: 'integer', example: 128 })
  usage_records!: number;

  /** Of what was done: names of actions and tools, hashes, and ids. */
  @ApiProperty({ type: 'integer', example: 42 })
  audit_entries!: number;

  @ApiProperty({
    example:
      'Accounting and accountability. They name the user by an id that leads nowhere any more, and hold no content.',
  })
  why!: string;
}

/** The proof of an erasure. */
export class ErasureDto {
  @ApiProperty({ format: 'uuid', example: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55' })
  user_id!: string;

  /** Rows that went, by table. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    example: { message: 64, conversation: 7, user_account: 1 },
  })
  erased!: Record<string, number>;

  /** Caches and counters that hold nothing of the user any more. */
  @ApiProperty({ type: [String], example: ['limits', 'live_events'] })
  cleared!: string[];

  @ApiProperty({ type: KeptDto })
  kept!: KeptDto;
}

export function toErasureDto({ userId, erased, cleared, kept }: ErasureProof): ErasureDto {
  return {
    user_id: userId,
    erased: { ...erased },
    cleared: [...cleared],
    kept: {
      usage_records: kept.usageRecords,
      audit_entries: kept.auditEntries,
      why: 'Accounting and accountability. They name the user by an id that leads nowhere any more, and hold no content.',
    },
  };
}

import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsString, Length } from 'class-validator';
import { IsSafeText } from '../../../shared/http/text-safety.js';
import { MAX_FACT_LENGTH, type RememberedFact } from './remembered-fact.js';

const EXAMPLE = 'I am allergic to peanuts.';

export class FactBody {
  @ApiProperty({ minLength: 1, maxLength: MAX_FACT_LENGTH, example: EXAMPLE })
  @IsString()
  @Length(1, MAX_FACT_LENGTH)
  @IsSafeText()
  text!: string;
}

export class MemorySettingsBody {
  @ApiProperty({ example: true })
  @IsBoolean()
  enabled!: boolean;
}

export class MemorySettingsDto {
  /** The caller’s own word; false until they say otherwise. */
  @ApiProperty({ example: true })
  enabled!: boolean;

  /** False: this installation remembers nothing, whatever `enabled` says. */
  @ApiProperty({ example: true })
  available!: boolean;
}

export class MemoryDto {
  @ApiProperty({ format: 'uuid', example: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1' })
  id!: string;

  @ApiProperty({ example: EXAMPLE })
  text!: string;

  /** `tool`: a model wrote it down. */
  @ApiProperty({ enum: ['user', 'tool'], example: 'tool' })
  origin!: 'user' | 'tool';

  /** True: a text that strangers wrote was in the conversation then, and this may be theirs. Models are told so. */
  @ApiProperty({ example: false })
  is_tainted!: boolean;

  @ApiProperty({ format: 'date-time', example: '2026-11-30T09:30:00.000Z' })
  created_at!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-30T09:30:00.000Z' })
  updated_at!: string;
}

export class MemoryListDto {
  @ApiProperty({ type: [MemoryDto] })
  memories!: MemoryDto[];

  /** `null` on the last page. */
  @ApiProperty({ type: String, nullable: true, example: null })
  next_cursor!: string | null;
}

export class ForgottenDto {
  /** How many there were. */
  @ApiProperty({ type: 'integer', example: 1 })
  deleted!: number;
}

export function toMemoryDto(fact: RememberedFact): MemoryDto {
  return {
    id: fact.id,
    text: fact.text,
    origin: fact.origin,
    is_tainted: fact.isTainted,
    created_at: fact.createdAt.toISOString(),
    updated_at: fact.updatedAt.toISOString(),
  };
}

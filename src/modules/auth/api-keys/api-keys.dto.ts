import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsISO8601,
  IsOptional,
  IsString,
  Length,
  MaxLength,
} from 'class-validator';
import { type Permission, PERMISSIONS } from '../../../shared/context/principal.js';
import { IsSafeText } from '../../../shared/http/text-safety.js';

export const MAX_NAME_LENGTH = 100;
const SCOPES_EXAMPLE = ['agent:run', 'conversations:manage'];

export class CreateApiKeyBody {
  /** For people: what uses the key. */
  @ApiProperty({ minLength: 1, maxLength: MAX_NAME_LENGTH, example: 'nightly report' })
  @IsString()
  @IsSafeText()
  @Length(1, MAX_NAME_LENGTH)
  name!: string;

  /** What the key may at most do; permissions that the account has. Left out: all that it has now. */
  @ApiPropertyOptional({ enum: PERMISSIONS, isArray: true, uniqueItems: true, example: SCOPES_EXAMPLE })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @IsIn(PERMISSIONS, { each: true })
  scopes?: Permission[];

  /** Left out: the key is good until it is revoked. */
  @ApiPropertyOptional({ format: 'date-time', example: '2027-11-24T00:00:00Z' })
  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  @MaxLength(40)
  expires_at?: string;
}

export class ApiKeyDto {
  @ApiProperty({ format: 'uuid', example: '0193ab3f-3b00-7000-8000-7d8e9fa0b1c2' })
  id!: string;

  @ApiProperty({ example: 'nightly report' })
  name!: string;

  /** What the key begins with. */
  @ApiProperty({ example: 'pk_5f0c2a91' })
  prefix!: string;

  /** What the key may at most do; never more than its owner may at that moment. */
  @ApiProperty({ enum: PERMISSIONS, isArray: true, example: SCOPES_EXAMPLE })
  scopes!: Permission[];

  @ApiProperty({ format: 'date-time', example: '2026-11-24T09:30:00.000Z' })
  created_at!: string;

  /** `null`: until it is revoked. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2027-11-24T00:00:00.000Z' })
  expires_at!: string | null;

  /** To the minute; `null`: never. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  last_used_at!: string | null;
}

export class NewApiKeyDto extends ApiKeyDto {
  /** For `Authorization: Bearer` or `x-api-key`. Shown this once, and stored nowhere. */
  @ApiProperty({ example: 'pk_5f0c2a91_Hs0m1x3bX2yVQm8nC0kJt5oZr7uLw4eYd6aGfPiNhTk09ab12cd' })
  key!: string;
}

export class ApiKeyListDto {
  /** Newest first. */
  @ApiProperty({ type: [ApiKeyDto] })
  api_keys!: ApiKeyDto[];
}

import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsUUID, Matches, Max, Min } from 'class-validator';
import { IdPageQuery } from '../../../shared/http/id-page.js';
import { ACTOR_KINDS, type ActorKind, AUDIT_OUTCOMES, type AuditOutcome } from '../../observability/index.js';

const HASH = '9f2b6c1d0a4e8f7b3c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3';
const MAX_CHECKED = 100_000;

export class ListAuditQuery extends IdPageQuery {
  /** An action, or with a dot at its end the beginning of several: `tool.`. */
  @ApiPropertyOptional({ example: 'tool.', pattern: '^[a-z_.]{1,64}$' })
  @IsOptional()
  @Matches(/^[a-z_.]{1,64}$/)
  action?: string;

  /** Who did it. */
  @ApiPropertyOptional({ format: 'uuid', example: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55' })
  @IsOptional()
  @IsUUID()
  actor_id?: string;
}

export class VerifyAuditQuery {
  /** From `next_after_seq` of the verdict before. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, default: 0, example: 0 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after_seq?: number;

  /** Entries that are checked at most. */
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_CHECKED,
    default: MAX_CHECKED,
    example: 1000,
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_CHECKED)
  limit: number = MAX_CHECKED;
}

/** From where, as far as the trail may know. */
export class AuditClientDto {
  /** The /24 or /48 that the address belongs to. */
  @ApiProperty({ example: '203.0.113.0/24' })
  network!: string;

  /** Equal for equal addresses. */
  @ApiProperty({ example: 'b3JkZXJzIG9mIG1hZ25pdH' })
  address_hash!: string;
}

export class AuditEntryDto {
  @ApiProperty({ format: 'uuid', example: '0193ab41-0a10-7000-8000-1c2d3e4f5a6b' })
  id!: string;

  /** The number in the chain, from 1 without gaps. `null`: not there yet, for about a second. */
  @ApiProperty({ type: 'integer', nullable: true, example: 4711 })
  seq!: number | null;

  /** SHA-256 over this entry and the hash of the one before, in hex. */
  @ApiProperty({ type: String, nullable: true, example: HASH })
  hash!: string | null;

  @ApiProperty({ format: 'uuid', example: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55' })
  actor_id!: string;

  /** `system`: Perch itself; the actor is the user whose work it was. */
  @ApiProperty({ enum: ACTOR_KINDS, example: 'user' })
  actor_kind!: ActorKind;

  /** `null`: the account is gone. */
  @ApiProperty({ type: String, nullable: true, example: 'root@example.com' })
  actor_email!: string | null;

  @ApiProperty({ example: 'user.update' })
  action!: string;

  @ApiProperty({ example: 'user' })
  target_type!: string;

  @ApiProperty({ format: 'uuid', example: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1' })
  target_id!: string;

  @ApiProperty({ enum: AUDIT_OUTCOMES, example: 'ok' })
  outcome!: AuditOutcome;

  /** Only the members that changed. */
  @ApiProperty({ type: 'object', additionalProperties: true, example: { tier: 'free' } })
  before!: object;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { tier: 'pro' } })
  after!: object;

  /** `null`: not in the course of a request. */
  @ApiProperty({ type: AuditClientDto, nullable: true })
  from!: AuditClientDto | null;

  /** Finds the request in the log. */
  @ApiProperty({ type: String, nullable: true, example: '0193ab41-0a0e-7000-8000-77e1c0a9b8d7' })
  request_id!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-24T09:30:00.000Z' })
  created_at!: string;
}

export class AuditListDto {
  /** Newest first. */
  @ApiProperty({ type: [AuditEntryDto] })
  entries!: AuditEntryDto[];

  /** `null` on the last page. */
  @ApiProperty({ type: String, nullable: true, example: null })
  next_cursor!: string | null;
}

/** The last link of the chain. */
export class AuditHeadDto {
  @ApiProperty({ type: 'integer', example: 4711 })
  seq!: number;

  @ApiProperty({ example: HASH })
  hash!: string;
}

export class AuditVerdictDto {
  /** Nothing that was checked is missing, changed or out of place. */
  @ApiProperty({ example: true })
  ok!: boolean;

  /** Entries that hold. */
  @ApiProperty({ type: 'integer', example: 4711 })
  checked!: number;

  @ApiProperty({ type: 'integer', nullable: true, example: null })
  first_broken_seq!: number | null;

  /** Where to go on. `null`: that was all. */
  @ApiProperty({ type: 'integer', nullable: true, example: null })
  next_after_seq!: number | null;

  @ApiProperty({ type: AuditHeadDto })
  head!: AuditHeadDto;
}

import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { NAME_PATTERN, type PromptValue } from '../../../config/agents.schema.js';
import { IsSafeText } from '../../../shared/http/text-safety.js';
import { IsPromptValue } from './is-prompt-value.js';

const MAX_VARIABLES = 64;
const DEFAULT_VERSIONS = 20;
/** Each has its template. */
const MAX_VERSIONS = 50;
const MAX_INTEGER = 2 ** 31 - 1;

const TEMPLATE =
  'You are the assistant of {{ company }}.{% if tone %} Answer in a {{ tone }} tone.{% endif %}';
const VALUE = {
  oneOf: [
    { type: 'string', maxLength: 10_000 },
    { type: 'number' },
    { type: 'boolean' },
    { type: 'array', maxItems: 100, items: { type: 'string', maxLength: 1_000 } },
  ],
};
const HASH = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

export class PromptVariableBody {
  @ApiProperty({ pattern: '^[a-zA-Z][a-zA-Z0-9_]{0,63}$', example: 'tone' })
  @IsString()
  @MaxLength(64)
  name!: string;

  /** For whoever supplies it. */
  @ApiPropertyOptional({ maxLength: 500, example: 'How the answers sound.' })
  @IsOptional()
  @IsSafeText()
  @MaxLength(500)
  description?: string;

  /** Left out: it is, unless it has a default. */
  @ApiPropertyOptional({ example: false })
  @IsOptional()
  @IsBoolean()
  required?: boolean;

  /** Its value when none is supplied. */
  @ApiPropertyOptional({ ...VALUE, example: 'friendly' })
  @IsOptional()
  @IsPromptValue()
  default?: PromptValue;
}

export class AddPromptVersionBody {
  /** A Liquid template of at most 100,000 bytes: outputs, a few filters, `if`, `unless`, `case` and comments. */
  @ApiProperty({ minLength: 1, maxLength: 100_000, example: TEMPLATE })
  @IsString()
  @Length(1, 100_000)
  template!: string;

  /** Left out: every variable of the template, all of them required. */
  @ApiPropertyOptional({ type: [PromptVariableBody], maxItems: MAX_VARIABLES })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_VARIABLES)
  @ValidateNested({ each: true })
  @Type(() => PromptVariableBody)
  variables?: PromptVariableBody[];
}

export class CreatePromptBody extends AddPromptVersionBody {
  /** An agent uses the prompt that has its name, unless its definition names another. */
  @ApiProperty({ pattern: NAME_PATTERN.source, example: 'default' })
  @Matches(NAME_PATTERN, { message: 'must be 1 to 64 of a-z, 0-9, _ and -' })
  name!: string;

  @ApiPropertyOptional({ maxLength: 500, example: 'What the assistant on the website is told.' })
  @IsOptional()
  @IsSafeText()
  @MaxLength(500)
  description?: string;
}

export class ActivatePromptBody {
  @ApiProperty({ minimum: 1, example: 2 })
  @IsInt()
  @Min(1)
  @Max(MAX_INTEGER)
  version!: number;

  /** The share of the users who get the version; the others keep what is active. Left out: everybody gets it. */
  @ApiPropertyOptional({ minimum: 1, maximum: 99, example: 10 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(99)
  rollout_percent?: number;
}

export class RenderPromptBody {
  /** By name. Each variable that is required, and none that the version does not have. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: VALUE, example: { company: 'Example Ltd' } })
  @IsOptional()
  @IsObject()
  variables?: Record<string, PromptValue>;

  /** Left out: the active one. */
  @ApiPropertyOptional({ minimum: 1, example: 2 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_INTEGER)
  version?: number;
}

export class ListPromptVersionsQuery {
  /** From `next_before` of the page before. */
  @ApiPropertyOptional({ minimum: 1, example: 12 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_INTEGER)
  before?: number;

  @ApiPropertyOptional({ minimum: 1, maximum: MAX_VERSIONS, default: DEFAULT_VERSIONS, example: 20 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_VERSIONS)
  limit: number = DEFAULT_VERSIONS;
}

export class PromptRolloutDto {
  @ApiProperty({ example: 3 })
  version!: number;

  /** Of the users: always the same ones for a prompt. */
  @ApiProperty({ example: 10 })
  percent!: number;
}

export class PromptDto {
  @ApiProperty({ example: 'default' })
  name!: string;

  @ApiProperty({ type: String, nullable: true, example: 'What the assistant on the website is told.' })
  description!: string | null;

  @ApiProperty({ example: 2 })
  active_version!: number;

  @ApiProperty({ example: 3 })
  latest_version!: number;

  /** `null`: everybody gets the active version. */
  @ApiProperty({ type: PromptRolloutDto, nullable: true })
  rollout!: PromptRolloutDto | null;

  /** Agents of this installation whose system prompt it is. */
  @ApiProperty({ type: [String], example: ['default'] })
  agents!: string[];

  @ApiProperty({ format: 'date-time', example: '2026-11-30T09:30:00.000Z' })
  created_at!: string;

  /** Of its last version or activation. */
  @ApiProperty({ format: 'date-time', example: '2026-11-30T10:12:00.000Z' })
  updated_at!: string;
}

export class PromptListDto {
  /** Newest first. */
  @ApiProperty({ type: [PromptDto] })
  prompts!: PromptDto[];

  /** `null` on the last page. */
  @ApiProperty({ type: String, nullable: true, example: null })
  next_cursor!: string | null;
}

export class PromptVariableDto {
  @ApiProperty({ example: 'tone' })
  name!: string;

  @ApiProperty({ type: String, nullable: true, example: 'How the answers sound.' })
  description!: string | null;

  @ApiProperty({ example: false })
  required!: boolean;

  @ApiProperty({ ...VALUE, nullable: true, example: 'friendly' })
  default!: PromptValue | null;
}

export class PromptVersionDto {
  @ApiProperty({ example: 'default' })
  name!: string;

  @ApiProperty({ example: 2 })
  version!: number;

  @ApiProperty({ example: TEMPLATE })
  template!: string;

  @ApiProperty({ type: [PromptVariableDto] })
  variables!: PromptVariableDto[];

  /** SHA-256 of the template. */
  @ApiProperty({ example: HASH })
  hash!: string;

  @ApiProperty({ format: 'uuid', example: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55' })
  created_by!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-30T09:30:00.000Z' })
  created_at!: string;
}

export class PromptVersionListDto {
  /** Newest first. */
  @ApiProperty({ type: [PromptVersionDto] })
  versions!: PromptVersionDto[];

  /** `null` on the last page. */
  @ApiProperty({ type: Number, nullable: true, example: null })
  next_before!: number | null;
}

export class RenderedPromptDto {
  @ApiProperty({ example: 'default' })
  name!: string;

  @ApiProperty({ example: 2 })
  version!: number;

  @ApiProperty({ example: 'You are the assistant of Example Ltd. Answer in a friendly tone.' })
  text!: string;
}

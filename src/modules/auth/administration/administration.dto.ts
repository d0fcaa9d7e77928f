import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { type Permission, PERMISSIONS, type Tier, TIERS } from '../../../shared/context/principal.js';
import { IdPageQuery } from '../../../shared/http/id-page.js';
import { IsSafeText } from '../../../shared/http/text-safety.js';
import { ACCOUNT_KINDS, type AccountKind, type Role, ROLES } from '../account.js';
import { MAX_NAME_LENGTH, NewApiKeyDto } from '../api-keys/api-keys.dto.js';

const MONEY = /^\d{1,9}(\.\d{1,12})?$/;
const NO_MONEY = 'must be a decimal string in USD such as "5" or "0.25"';
const MONEY_SCHEMA = { type: String, nullable: true, pattern: MONEY.source } as const;

/** Left out and `null` are not the same here: unlike IsOptional this lets no `null` through. */
const IfGiven = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

/** A limit that is left out stays as it is; `null` removes it, so that the tier's or the installation's holds again. */
export class UserLimitsBody {
  @ApiPropertyOptional({ type: 'integer', nullable: true, minimum: 0, maximum: 1_000_000_000, example: 120 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000_000_000)
  requests_per_minute?: number | null;

  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    minimum: 0,
    maximum: 1_000_000_000_000,
    example: 500_000,
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000_000_000_000)
  tokens_per_minute?: number | null;

  /** USD per UTC day. */
  @ApiPropertyOptional({ ...MONEY_SCHEMA, example: '25' })
  @IsOptional()
  @Matches(MONEY, { message: NO_MONEY })
  daily_cost?: string | null;

  /** USD per UTC month. */
  @ApiPropertyOptional({ ...MONEY_SCHEMA, example: '400' })
  @IsOptional()
  @Matches(MONEY, { message: NO_MONEY })
  monthly_cost?: string | null;
}

/** A tool's name; it need not be there now. */
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const NO_TOOL_NAME = 'must be names of tools';
const TOOL_NAMES_EXAMPLE = ['calculator', 'web_search'];

export class UserToolsBody {
  /** The user has these tools and no others; `null`: all that tier and permissions allow. */
  @ApiPropertyOptional({
    type: [String],
    maxItems: 256,
    uniqueItems: true,
    nullable: true,
    example: TOOL_NAMES_EXAMPLE,
  })
  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @ArrayMaxSize(256)
  @Matches(TOOL_NAME, { each: true, message: NO_TOOL_NAME })
  allowed?: string[] | null;

  /** The user does not have these, whatever else is said. */
  @ApiPropertyOptional({ type: [String], maxItems: 256, uniqueItems: true, example: ['run_code'] })
  @IfGiven()
  @IsArray()
  @ArrayUnique()
  @ArrayMaxSize(256)
  @Matches(TOOL_NAME, { each: true, message: NO_TOOL_NAME })
  denied?: string[];
}

export class UpdateUserBody {
  @ApiPropertyOptional({ enum: TIERS, example: 'pro' })
  @IfGiven()
  @IsIn(TIERS)
  tier?: Tier;

  /** Replaces the roles. */
  @ApiPropertyOptional({ enum: ROLES, isArray: true, uniqueItems: true, example: ['user'] })
  @IfGiven()
  @IsArray()
  @ArrayUnique()
  @IsIn(ROLES, { each: true })
  roles?: Role[];

  /** Replaces the user's own permissions, which are in addition to those of the roles. */
  @ApiPropertyOptional({ enum: PERMISSIONS, isArray: true, uniqueItems: true, example: ['prompts:write'] })
  @IfGiven()
  @IsArray()
  @ArrayUnique()
  @IsIn(PERMISSIONS, { each: true })
  permissions?: Permission[];

  @ApiPropertyOptional({ type: UserLimitsBody })
  @IfGiven()
  @IsObject()
  @ValidateNested()
  @Type(() => UserLimitsBody)
  limits?: UserLimitsBody;

  /** Each list is replaced as a whole; what is left out stays as it is. */
  @ApiPropertyOptional({ type: UserToolsBody })
  @IfGiven()
  @IsObject()
  @ValidateNested()
  @Type(() => UserToolsBody)
  tools?: UserToolsBody;

  /** `true`: neither password nor token nor API key of the user is good for anything, and open streams end. */
  @ApiPropertyOptional({ example: false })
  @IfGiven()
  @IsBoolean()
  disabled?: boolean;
}

export class CreateServiceAccountBody {
  /** What it is called; no other service has this name. */
  @ApiProperty({ minLength: 1, maxLength: MAX_NAME_LENGTH, example: 'nightly-report' })
  @IsString()
  @IsSafeText()
  @Length(1, MAX_NAME_LENGTH)
  name!: string;

  @ApiPropertyOptional({ enum: TIERS, default: 'free', example: 'pro' })
  @IfGiven()
  @IsIn(TIERS)
  tier?: Tier;

  @ApiPropertyOptional({
    enum: ROLES,
    isArray: true,
    uniqueItems: true,
    default: ['user'],
    example: ['user'],
  })
  @IfGiven()
  @IsArray()
  @ArrayUnique()
  @IsIn(ROLES, { each: true })
  roles?: Role[];

  /** In addition to those of the roles. */
  @ApiPropertyOptional({ enum: PERMISSIONS, isArray: true, uniqueItems: true, default: [], example: [] })
  @IfGiven()
  @IsArray()
  @ArrayUnique()
  @IsIn(PERMISSIONS, { each: true })
  permissions?: Permission[];
}

export class ListUsersQuery extends IdPageQuery {
  /** Only users whose email or name contains this text. */
  @ApiPropertyOptional({ example: '@example.com' })
  @IsOptional()
  @IsSafeText()
  @MaxLength(254)
  q?: string;
}

/** The user's own limits; `null`: the tier's, or the installation's. */
export class UserLimitsDto {
  @ApiProperty({ type: 'integer', nullable: true, example: 120 })
  requests_per_minute!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: null })
  tokens_per_minute!: number | null;

  /** USD per UTC day. */
  @ApiProperty({ type: String, nullable: true, example: '25.000000' })
  daily_cost!: string | null;

  /** USD per UTC month. */
  @ApiProperty({ type: String, nullable: true, example: null })
  monthly_cost!: string | null;
}

export class UserToolsDto {
  /** `null`: all that tier and permissions allow. */
  @ApiProperty({ type: [String], nullable: true, example: ['calculator', 'web_search'] })
  allowed!: string[] | null;

  @ApiProperty({ type: [String], example: [] })
  denied!: string[];
}

export class AdministeredUserDto {
  @ApiProperty({ format: 'uuid', example: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55' })
  id!: string;

  /** `local`: logs in with email and password. `external`: through the identity provider. `service`: has API keys alone. */
  @ApiProperty({ enum: ACCOUNT_KINDS, example: 'local' })
  kind!: AccountKind;

  /** Of a local account. */
  @ApiProperty({ type: String, nullable: true, example: 'ada@example.com' })
  email!: string | null;

  /** Of the others: of a service its name, of an external account what its provider says its email is. */
  @ApiProperty({ type: String, nullable: true, example: null })
  name!: string | null;

  @ApiProperty({ enum: TIERS, example: 'pro' })
  tier!: Tier;

  @ApiProperty({ type: [String], example: ['user'] })
  roles!: string[];

  /** The user's own. */
  @ApiProperty({ type: [String], example: ['prompts:write'] })
  permissions!: string[];

  /** The user's own and those of the roles: what the user may do. */
  @ApiProperty({
    enum: PERMISSIONS,
    isArray: true,
    example: ['agent:run', 'conversations:manage', 'models:read', 'tools:use', 'prompts:write'],
  })
  effective_permissions!: Permission[];

  @ApiProperty({ type: UserLimitsDto })
  limits!: UserLimitsDto;

  @ApiProperty({ type: UserToolsDto })
  tools!: UserToolsDto;

  /** Since when the user cannot log in; `null`: they can. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  disabled_at!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-24T09:30:00.000Z' })
  created_at!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-24T09:30:00.000Z' })
  updated_at!: string;
}

export class NewServiceAccountDto {
  @ApiProperty({ type: AdministeredUserDto })
  user!: AdministeredUserDto;

  /** Its first key, with all that it may do. */
  @ApiProperty({ type: NewApiKeyDto })
  api_key!: NewApiKeyDto;
}

export class AdministeredUserListDto {
  /** Newest first. */
  @ApiProperty({ type: [AdministeredUserDto] })
  users!: AdministeredUserDto[];

  /** `null` on the last page. */
  @ApiProperty({ type: String, nullable: true, example: null })
  next_cursor!: string | null;
}

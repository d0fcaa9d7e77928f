import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { type Permission, PERMISSIONS, type Tier, TIERS } from '../../shared/context/principal.js';
import {
  IsAccountEmail,
  IsPassword,
  MAX_PASSWORD_LENGTH,
  MIN_PASSWORD_LENGTH,
} from './credential-rules.decorator.js';
import { MAX_EMAIL_LENGTH } from './email.js';

const EXAMPLE_REFRESH_TOKEN = 'prt_Hs0m1x3bX2yVQm8nC0kJt5oZr7uLw4eYd6aGfPiNhTk';
const MAX_TOKEN_LENGTH = 512;

export class RegisterBody {
  /** Upper and lower case are the same. */
  @ApiProperty({ format: 'email', maxLength: MAX_EMAIL_LENGTH, example: 'ada@example.com' })
  @IsAccountEmail()
  email!: string;

  @ApiProperty({
    format: 'password',
    minLength: MIN_PASSWORD_LENGTH,
    maxLength: MAX_PASSWORD_LENGTH,
    example: 'correct horse battery staple',
  })
  @IsPassword()
  password!: string;
}

export class LoginBody {
  /** Upper and lower case are the same. */
  @ApiProperty({ format: 'email', maxLength: MAX_EMAIL_LENGTH, example: 'ada@example.com' })
  @IsAccountEmail()
  email!: string;

  @ApiProperty({
    format: 'password',
    minLength: 1,
    maxLength: MAX_PASSWORD_LENGTH,
    example: 'correct horse battery staple',
  })
  @IsPassword(1)
  password!: string;
}

export class RefreshBody {
  /** Good for one use: the answer holds the next one. */
  @ApiProperty({ maxLength: MAX_TOKEN_LENGTH, example: EXAMPLE_REFRESH_TOKEN })
  @IsString()
  @IsNotEmpty()
  @MaxLength(MAX_TOKEN_LENGTH)
  refresh_token!: string;
}

export class LogoutBody {
  /** To end another session of the same user too; the one of the access token ends in any case. */
  @ApiPropertyOptional({ maxLength: MAX_TOKEN_LENGTH, example: EXAMPLE_REFRESH_TOKEN })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TOKEN_LENGTH)
  refresh_token?: string;

  /** `true`: all sessions of the user end. */
  @ApiPropertyOptional({ default: false, example: false })
  @IsOptional()
  @IsBoolean()
  all?: boolean;
}

export class UserDto {
  @ApiProperty({ format: 'uuid', example: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55' })
  id!: string;

  /** `null`: the account belongs to a service, or to somebody whom an outside identity provider knows. */
  @ApiProperty({ type: String, nullable: true, example: 'ada@example.com' })
  email!: string | null;

  /** What an account without an email is called. */
  @ApiProperty({ type: String, nullable: true, example: null })
  name!: string | null;

  /** Decides the limits. */
  @ApiProperty({ enum: TIERS, example: 'free' })
  tier!: Tier;

  @ApiProperty({ type: [String], example: ['user'] })
  roles!: string[];

  /** Those of the roles and the user's own; through an API key no more than its scopes. */
  @ApiProperty({
    enum: PERMISSIONS,
    isArray: true,
    example: ['agent:run', 'conversations:manage', 'models:read', 'tools:use'],
  })
  permissions!: Permission[];
}

export class SignedInDto {
  @ApiProperty({ type: UserDto })
  user!: UserDto;

  /** A JWT for `Authorization: Bearer`. */
  @ApiProperty({ example: 'eyJhbGciOiJIUzI1NiJ9.eyJ0eXAiOiJhY2Nlc3MifQ.c2lnbmF0dXJl' })
  access_token!: string;

  /** Opaque; good for one use at `/auth/refresh`. */
  @ApiProperty({ example: EXAMPLE_REFRESH_TOKEN })
  refresh_token!: string;

  @ApiProperty({ enum: ['Bearer'], example: 'Bearer' })
  token_type!: 'Bearer';

  /** Seconds until the access token expires. */
  @ApiProperty({ type: 'integer', example: 900 })
  expires_in!: number;
}

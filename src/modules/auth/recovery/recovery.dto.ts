import { ApiProperty } from '@nestjs/swagger';
import { IsNotEmpty, IsString, MaxLength } from 'class-validator';
import {
  IsAccountEmail,
  IsPassword,
  MAX_PASSWORD_LENGTH,
  MIN_PASSWORD_LENGTH,
} from '../credential-rules.decorator.js';
import { MAX_EMAIL_LENGTH } from '../email.js';

const MAX_TOKEN_LENGTH = 512;
const EXAMPLE_TOKEN = 'b7Yd6aGfPiNhTkHs0m1x3bX2yVQm8nC0kJt5oZr7uLw';
const EMAIL = { format: 'email', maxLength: MAX_EMAIL_LENGTH, example: 'ada@example.com' } as const;
const NEW_PASSWORD = {
  format: 'password',
  minLength: MIN_PASSWORD_LENGTH,
  maxLength: MAX_PASSWORD_LENGTH,
  example: 'correct horse battery staple',
} as const;
const OLD_PASSWORD = { ...NEW_PASSWORD, minLength: 1 } as const;

export class ForgotPasswordBody {
  @ApiProperty(EMAIL)
  @IsAccountEmail()
  email!: string;
}

export class ResetPasswordBody {
  /** From the mail. */
  @ApiProperty({ maxLength: MAX_TOKEN_LENGTH, example: EXAMPLE_TOKEN })
  @IsString()
  @IsNotEmpty()
  @MaxLength(MAX_TOKEN_LENGTH)
  token!: string;

  @ApiProperty(NEW_PASSWORD)
  @IsPassword()
  password!: string;
}

export class ChangePasswordBody {
  @ApiProperty(OLD_PASSWORD)
  @IsPassword(1)
  current_password!: string;

  @ApiProperty(NEW_PASSWORD)
  @IsPassword()
  new_password!: string;
}

export class ChangeEmailBody {
  /** The new one. Upper and lower case are the same. */
  @ApiProperty(EMAIL)
  @IsAccountEmail()
  email!: string;

  /** Of the account. */
  @ApiProperty(OLD_PASSWORD)
  @IsPassword(1)
  password!: string;
}

export class ConfirmEmailBody {
  /** From the mail. */
  @ApiProperty({ maxLength: MAX_TOKEN_LENGTH, example: EXAMPLE_TOKEN })
  @IsString()
  @IsNotEmpty()
  @MaxLength(MAX_TOKEN_LENGTH)
  token!: string;
}

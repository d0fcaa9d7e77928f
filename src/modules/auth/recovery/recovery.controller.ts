import { Body, Controller, HttpCode, Post, UseInterceptors } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../../../shared/access/public.decorator.js';
import { RefusesApiKeys } from '../../../shared/access/refuses-api-keys.decorator.js';
import { TriesCredentials } from '../../../shared/access/tries-credentials.decorator.js';
import { ApiProblems } from '../../../shared/errors/api-problems.decorator.js';
import { emailTaken } from '../auth.errors.js';
import { ChallengeInterceptor } from '../challenge.interceptor.js';
import { CurrentSession } from '../current-session.decorator.js';
import type { Session } from '../session.js';
import { OwnAccountService } from './own-account.service.js';
import {
  ChangeEmailBody,
  ChangePasswordBody,
  ConfirmEmailBody,
  ForgotPasswordBody,
  ResetPasswordBody,
} from './recovery.dto.js';
import { RecoveryService } from './recovery.service.js';

@ApiTags('auth')
@UseInterceptors(ChallengeInterceptor)
@Controller('auth')
export class RecoveryController {
  constructor(
    private readonly recovery: RecoveryService,
    private readonly own: OwnAccountService,
  ) {}

  @Post('password/forgot')
  @Public()
  @TriesCredentials()
  @HttpCode(202)
  @ApiOperation({
    operationId: 'forgotPassword',
    summary: 'Ask for a mail with which a new password can be set',
    description: 'Answers the same whether or not there is an account with this email.',
  })
  @ApiAcceptedResponse({ description: 'If there is such an account, there will be a mail.' })
  @ApiProblems(400, 413, 415, 422, 429)
  forgot(@Body() { email }: ForgotPasswordBody): void {
    this.recovery.forgot(email);
  }

  @Post('password/reset')
  @Public()
  @TriesCredentials()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'resetPassword',
    summary: 'Set a new password with the token of a mail',
    description: 'The token is good once, for one hour. All sessions of the account end.',
  })
  @ApiNoContentResponse({ description: 'Log in with the new password.' })
  @ApiProblems(400, 401, 413, 415, 422, 429)
  async reset(@Body() { token, password }: ResetPasswordBody): Promise<void> {
    await this.recovery.reset(token, password);
  }

  @Post('password')
  @RefusesApiKeys()
  @TriesCredentials()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'changePassword',
    summary: 'Change my password',
    description: 'All other sessions of the account end. API keys stay: revoke those that others may know.',
  })
  @ApiNoContentResponse({ description: 'The password is changed.' })
  @ApiProblems(400, 401, 403, 413, 415, 422, 429)
  async changePassword(
    @CurrentSession() { userId, sessionId }: Session,
    @Body() body: ChangePasswordBody,
  ): Promise<void> {
    await this.own.changePassword(userId, sessionId, body.current_password, body.new_password);
  }

  @Post('email')
  @RefusesApiKeys()
  @TriesCredentials()
  @HttpCode(202)
  @ApiOperation({
    operationId: 'changeEmail',
    summary: 'Ask for another email address',
    description: 'It is changed when the token in the mail to the new address is confirmed.',
  })
  @ApiAcceptedResponse({
    description: 'There will be a mail to the new address, unless it is somebody else’s.',
  })
  @ApiProblems(400, 401, 403, 413, 415, 422, 429)
  async changeEmail(@CurrentSession() { userId }: Session, @Body() body: ChangeEmailBody): Promise<void> {
    await this.own.requestEmail(userId, body.email, body.password);
  }

  @Post('email/confirm')
  @Public()
  @TriesCredentials()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'confirmEmail',
    summary: 'Confirm a new email address with the token of a mail',
    description: 'The token is good once, for one day. The address before is told of the change.',
  })
  @ApiNoContentResponse({ description: 'Log in with the new address from now on.' })
  @ApiProblems(400, 401, emailTaken(), 413, 415, 422, 429)
  async confirmEmail(@Body() { token }: ConfirmEmailBody): Promise<void> {
    await this.recovery.confirmEmail(token);
  }
}

import { Body, Controller, Get, HttpCode, Post, UseGuards, UseInterceptors } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { AnyCaller } from '../../shared/access/any-caller.decorator.js';
import { CurrentPrincipal } from '../../shared/access/current-principal.decorator.js';
import { Public } from '../../shared/access/public.decorator.js';
import { RefusesApiKeys } from '../../shared/access/refuses-api-keys.decorator.js';
import { TriesCredentials } from '../../shared/access/tries-credentials.decorator.js';
import type { Principal } from '../../shared/context/principal.js';
import { ApiProblems } from '../../shared/errors/api-problems.decorator.js';
import { emailTaken } from './auth.errors.js';
import { AccountsService } from './accounts.service.js';
import { LoginBody, LogoutBody, RefreshBody, RegisterBody, SignedInDto, UserDto } from './auth.dto.js';
import { ClientName } from './client-name.decorator.js';
import { ChallengeInterceptor } from './challenge.interceptor.js';
import { CurrentSession } from './current-session.decorator.js';
import { emailOf } from './email.js';
import type { Session } from './session.js';
import { RegistrationGuard } from './registration.guard.js';
import { SessionsService } from './sessions.service.js';
import { toSignedInDto, toUserDto } from './to-auth-dto.js';

@ApiTags('auth')
@UseInterceptors(ChallengeInterceptor)
@Controller('auth')
export class AuthController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
  ) {}

  @Post('register')
  @Public()
  @TriesCredentials()
  @UseGuards(RegistrationGuard)
  @ApiOperation({
    operationId: 'register',
    summary: 'Make an account and log in',
    description:
      'Answers 404 where registration is off, 409 `email_taken` where the email has an account already.',
  })
  @ApiCreatedResponse({ type: SignedInDto })
  @ApiProblems(400, 404, emailTaken(), 413, 415, 422, 429)
  async register(@Body() body: RegisterBody, @ClientName() client: string | undefined): Promise<SignedInDto> {
    const account = await this.accounts.register(body.email, body.password);
    return toSignedInDto(await this.sessions.open(account, client));
  }

  @Post('login')
  @Public()
  @TriesCredentials({ accountOf: emailOf })
  @HttpCode(200)
  @ApiOperation({ operationId: 'login', summary: 'Begin a session with email and password' })
  @ApiOkResponse({ type: SignedInDto })
  @ApiProblems(400, 401, 413, 415, 422, 429)
  async login(@Body() body: LoginBody, @ClientName() client: string | undefined): Promise<SignedInDto> {
    const account = await this.accounts.login(body.email, body.password);
    return toSignedInDto(await this.sessions.open(account, client));
  }

  @Post('refresh')
  @Public()
  @TriesCredentials()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'refreshTokens',
    summary: 'Exchange a refresh token for new tokens',
    description: 'A refresh token is good for one use. Using one again ends its session: log in anew.',
  })
  @ApiOkResponse({ type: SignedInDto })
  @ApiProblems(400, 401, 413, 415, 422, 429)
  async refresh(@Body() body: RefreshBody, @ClientName() client: string | undefined): Promise<SignedInDto> {
    return toSignedInDto(await this.sessions.refresh(body.refresh_token, client));
  }

  @Post('logout')
  @HttpCode(204)
  @RefusesApiKeys()
  @ApiOperation({
    operationId: 'logout',
    summary: 'End the session',
    description:
      'Its access and refresh tokens are worth nothing from now on, and streams that it has opened end within seconds.',
  })
  @ApiBody({ type: LogoutBody, required: false })
  @ApiNoContentResponse({ description: 'The session is over.' })
  @ApiProblems(400, 401, 403, 413, 415, 422)
  async logout(@CurrentSession() session: Session, @Body() body: LogoutBody): Promise<void> {
    await this.sessions.logout(session, body.refresh_token, body.all);
  }

  @Get('me')
  @AnyCaller()
  @ApiOperation({ operationId: 'readMe', summary: 'Who am I, and what may I do' })
  @ApiOkResponse({ type: UserDto })
  @ApiProblems(401)
  me(@CurrentPrincipal() principal: Principal): UserDto {
    return toUserDto(principal);
  }
}

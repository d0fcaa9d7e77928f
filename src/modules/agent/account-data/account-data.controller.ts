import { Body, Controller, Delete, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { CurrentPrincipal } from '../../../shared/access/current-principal.decorator.js';
import { RefusesApiKeys } from '../../../shared/access/refuses-api-keys.decorator.js';
import { TriesCredentials } from '../../../shared/access/tries-credentials.decorator.js';
import type { Principal } from '../../../shared/context/principal.js';
import { requestContext } from '../../../shared/context/request-context.js';
import { ApiProblems } from '../../../shared/errors/api-problems.decorator.js';
import { AccountClosing } from '../../auth/index.js';
import { AccountLimits } from '../../rate-limit/index.js';
import { EraseAccountBody, ErasureDto, toErasureDto } from './account-data.dto.js';
import { AccountErasure } from './account-erasure.js';
import { AccountExport } from './account-export.js';
import { streamExport } from './stream-export.js';

@ApiTags('account')
@RefusesApiKeys()
@Controller('account')
export class AccountDataController {
  constructor(
    private readonly exports: AccountExport,
    private readonly erasure: AccountErasure,
    private readonly accounts: AccountClosing,
    private readonly limits: AccountLimits,
  ) {}

  @Get('export')
  @ApiOperation({
    operationId: 'exportAccount',
    summary: 'Everything that is stored about the caller, one JSON object per line',
    description:
      'Each line says what it is in `record`; the last one is `end`, with the number of the others. Three times an hour. ' +
      'Not with an API key.',
  })
  @ApiProduces('application/x-ndjson')
  @ApiOkResponse({ schema: { type: 'string' } })
  @ApiProblems(401, 403, 429, 503)
  async export(@CurrentPrincipal() { userId }: Principal, @Res() response: Response): Promise<void> {
    await this.limits.take('export', userId);
    await streamExport(response, await this.exports.open(userId, actorOf(userId)));
  }

  @Delete()
  @TriesCredentials()
  @ApiOperation({
    operationId: 'eraseAccount',
    summary: 'Erase the caller’s account with everything in it',
    description:
      'It cannot be undone. Runs are cancelled, sessions end, and all content goes; what was spent and what was done stays ' +
      'without content. Confirm with the password (`not_confirmed`, 403), or with the email where there is none. The last ' +
      'administrator stays: 409 `last_administrator`. On 503 the account is closed, and the erasure is finished by itself.',
  })
  @ApiOkResponse({ type: ErasureDto })
  @ApiProblems(400, 401, 403, 409, 413, 415, 422, 429, 503)
  async erase(
    @CurrentPrincipal() { userId }: Principal,
    @Body() body: EraseAccountBody,
  ): Promise<ErasureDto> {
    await this.accounts.assertConfirmed(userId, body);
    return toErasureDto(await this.erasure.erase(userId, actorOf(userId)));
  }
}

function actorOf(userId: string): { userId: string; requestId: string | undefined } {
  return { userId, requestId: requestContext.current()?.requestId };
}

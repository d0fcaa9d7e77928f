import { Controller, Delete, Get, Param, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { CurrentPrincipal } from '../../../shared/access/current-principal.decorator.js';
import { RequirePermission } from '../../../shared/access/require-permission.decorator.js';
import type { Principal } from '../../../shared/context/principal.js';
import { requestContext } from '../../../shared/context/request-context.js';
import { ApiProblems } from '../../../shared/errors/api-problems.decorator.js';
import { ErasureDto, toErasureDto } from './account-data.dto.js';
import { AccountErasure } from './account-erasure.js';
import { AccountExport } from './account-export.js';
import { streamExport } from './stream-export.js';

const USER_ID = {
  name: 'id',
  description: 'The user.',
  schema: { type: 'string', format: 'uuid' },
  example: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55',
} as const;

@ApiTags('administration')
@RequirePermission('admin')
@Controller('admin/users')
export class AccountDataAdministrationController {
  constructor(
    private readonly exports: AccountExport,
    private readonly erasure: AccountErasure,
  ) {}

  @Get(':id/export')
  @ApiOperation({
    operationId: 'exportUser',
    summary: 'Everything that is stored about a user, one JSON object per line',
    description: 'As the user gets it from /account/export. Who read it is in the audit trail.',
  })
  @ApiParam(USER_ID)
  @ApiProduces('application/x-ndjson')
  @ApiOkResponse({ schema: { type: 'string' } })
  @ApiProblems(401, 403, 404, 503)
  async export(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id') id: string,
    @Res() response: Response,
  ): Promise<void> {
    const actor = { userId, requestId: requestContext.current()?.requestId };
    await streamExport(response, await this.exports.open(id, actor));
  }

  @Delete(':id')
  @ApiOperation({
    operationId: 'eraseUser',
    summary: 'Erase a user with everything of theirs',
    description:
      'It cannot be undone, and is written to the audit trail. The last administrator stays: 409 `last_administrator`. On ' +
      '503 the account is closed, and the erasure is finished by itself.',
  })
  @ApiParam(USER_ID)
  @ApiOkResponse({ type: ErasureDto })
  @ApiProblems(401, 403, 404, 409, 503)
  async erase(@CurrentPrincipal() { userId }: Principal, @Param('id') id: string): Promise<ErasureDto> {
    const actor = { userId, requestId: requestContext.current()?.requestId };
    return toErasureDto(await this.erasure.erase(id, actor));
  }
}

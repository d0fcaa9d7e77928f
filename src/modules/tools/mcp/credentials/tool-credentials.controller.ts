import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../../../shared/access/current-principal.decorator.js';
import { RequirePermission } from '../../../../shared/access/require-permission.decorator.js';
import type { Principal } from '../../../../shared/context/principal.js';
import { ApiProblems } from '../../../../shared/errors/api-problems.decorator.js';
import { ToolCredentials } from './tool-credentials.js';
import { ToolCredentialBody, ToolCredentialListDto } from './tool-credentials.dto.js';

const SERVER = {
  name: 'server',
  description: 'The MCP server.',
  schema: { type: 'string' },
  example: 'tickets',
} as const;

@ApiTags('tools')
@RequirePermission('tools:use')
@Controller('agent/tools/credentials')
export class ToolCredentialsController {
  constructor(private readonly credentials: ToolCredentials) {}

  @Get()
  @ApiOperation({
    operationId: 'listToolCredentials',
    summary: 'For which servers the caller has stored a credential',
  })
  @ApiOkResponse({ type: ToolCredentialListDto })
  @ApiProblems(401, 403)
  async list(@CurrentPrincipal() { userId }: Principal): Promise<ToolCredentialListDto> {
    const credentials = await this.credentials.list(userId);
    return {
      credentials: credentials.map(({ server, updatedAt }) => ({
        server,
        updated_at: updatedAt?.toISOString() ?? null,
      })),
    };
  }

  @Put(':server')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'storeToolCredential',
    summary: 'Store what the caller’s tools of a server are called with',
    description:
      'It takes the place of the one before, is kept encrypted, and is used for the caller’s own calls alone.',
  })
  @ApiParam(SERVER)
  @ApiNoContentResponse()
  @ApiProblems(400, 401, 403, 404, 413, 415, 422)
  async store(
    @CurrentPrincipal() { userId }: Principal,
    @Param('server') server: string,
    @Body() { credential }: ToolCredentialBody,
  ): Promise<void> {
    await this.credentials.store(userId, server, credential);
  }

  @Delete(':server')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteToolCredential',
    summary: 'Forget the caller’s credential for a server',
  })
  @ApiParam(SERVER)
  @ApiNoContentResponse()
  @ApiProblems(401, 403, 404)
  async remove(@CurrentPrincipal() { userId }: Principal, @Param('server') server: string): Promise<void> {
    await this.credentials.remove(userId, server);
  }
}

import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../shared/access/current-principal.decorator.js';
import { RefusesApiKeys } from '../../shared/access/refuses-api-keys.decorator.js';
import type { Principal } from '../../shared/context/principal.js';
import { requestContext } from '../../shared/context/request-context.js';
import { ApiProblems } from '../../shared/errors/api-problems.decorator.js';
import { SessionListDto } from './sessions.dto.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('auth')
@RefusesApiKeys()
@Controller('auth/sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Get()
  @ApiOperation({ operationId: 'listSessions', summary: 'Where I am logged in' })
  @ApiOkResponse({ type: SessionListDto })
  @ApiProblems(401, 403)
  async list(@CurrentPrincipal() { userId }: Principal): Promise<SessionListDto> {
    const current = requestContext.current()?.credential?.id;
    const sessions = await this.sessions.list(userId);
    return {
      sessions: sessions.map(({ id, client, createdAt, renewedAt, expiresAt }) => ({
        id,
        client,
        created_at: createdAt.toISOString(),
        renewed_at: renewedAt.toISOString(),
        expires_at: expiresAt.toISOString(),
        is_current: id === current,
      })),
    };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'revokeSession',
    summary: 'End one of my sessions',
    description: 'In force on every replica within seconds, also for streams that it has opened.',
  })
  @ApiParam({
    name: 'id',
    description: 'The session.',
    schema: { type: 'string', format: 'uuid' },
    example: '0193ab3f-2a00-7000-8000-5c6d7e8f9a0b',
  })
  @ApiNoContentResponse({ description: 'The session is over.' })
  @ApiProblems(401, 403, 404)
  async revoke(@CurrentPrincipal() { userId }: Principal, @Param('id') id: string): Promise<void> {
    await this.sessions.revoke(userId, id);
  }
}

import { Body, Controller, Get, Param, Patch, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { RequirePermission } from '../../../shared/access/require-permission.decorator.js';
import { ApiProblems } from '../../../shared/errors/api-problems.decorator.js';
import { toIdPage } from '../../../shared/http/id-page.js';
import type { Actor } from '../../observability/index.js';
import { lastAdministrator } from '../auth.errors.js';
import { CurrentActor } from '../current-actor.decorator.js';
import {
  AdministeredUserDto,
  AdministeredUserListDto,
  ListUsersQuery,
  UpdateUserBody,
} from './administration.dto.js';
import { AdministrationService } from './administration.service.js';
import { toAccountChange, toAdministeredUserDto } from './to-administration-dto.js';

const USER_ID = {
  name: 'id',
  description: 'The user.',
  schema: { type: 'string', format: 'uuid' },
  example: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55',
} as const;

@ApiTags('administration')
@RequirePermission('admin')
@Controller('admin')
export class AdministrationController {
  constructor(private readonly administration: AdministrationService) {}

  @Get('users')
  @ApiOperation({ operationId: 'listUsers', summary: 'All users, newest first' })
  @ApiOkResponse({ type: AdministeredUserListDto })
  @ApiProblems(401, 403, 422)
  async list(@Query() query: ListUsersQuery): Promise<AdministeredUserListDto> {
    const { items, nextCursor } = await this.administration.list(toIdPage(query), query.q || undefined);
    return { users: items.map(toAdministeredUserDto), next_cursor: nextCursor };
  }

  @Get('users/:id')
  @ApiOperation({
    operationId: 'readUser',
    summary: 'A user with their tier, roles, permissions, own limits and tools',
  })
  @ApiParam(USER_ID)
  @ApiOkResponse({ type: AdministeredUserDto })
  @ApiProblems(401, 403, 404)
  async read(@Param('id') id: string): Promise<AdministeredUserDto> {
    return toAdministeredUserDto(await this.administration.read(id));
  }

  @Patch('users/:id')
  @ApiOperation({
    operationId: 'updateUser',
    summary: 'Change a user’s tier, roles, permissions, own limits or tools, or disable them',
    description:
      'What is left out stays as it is. It holds on every replica within seconds, also for sessions that are open, and is ' +
      'written to the audit trail. There is always one administrator left: taking the office from the last one, oneself ' +
      'or not, is refused with 409 `last_administrator`.',
  })
  @ApiParam(USER_ID)
  @ApiOkResponse({ type: AdministeredUserDto })
  @ApiProblems(400, 401, 403, 404, lastAdministrator(), 413, 415, 422)
  async update(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: UpdateUserBody,
  ): Promise<AdministeredUserDto> {
    return toAdministeredUserDto(await this.administration.change(id, toAccountChange(body), actor));
  }
}

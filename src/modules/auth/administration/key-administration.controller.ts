import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { RefusesApiKeys } from '../../../shared/access/refuses-api-keys.decorator.js';
import { RequirePermission } from '../../../shared/access/require-permission.decorator.js';
import { ApiProblems } from '../../../shared/errors/api-problems.decorator.js';
import type { Actor } from '../../observability/index.js';
import { ApiKeyListDto, CreateApiKeyBody, NewApiKeyDto } from '../api-keys/api-keys.dto.js';
import { MAX_API_KEYS } from '../api-keys/api-keys.service.js';
import { toApiKeyDto, toApiKeyRequest, toNewApiKeyDto } from '../api-keys/to-api-key-dto.js';
import { nameTaken, tooManyApiKeys } from '../auth.errors.js';
import { CurrentActor } from '../current-actor.decorator.js';
import { CreateServiceAccountBody, NewServiceAccountDto } from './administration.dto.js';
import { AdministrationService } from './administration.service.js';
import { toAdministeredUserDto } from './to-administration-dto.js';

const idOf = (name: string, description: string): MethodDecorator =>
  ApiParam({
    name,
    description,
    schema: { type: 'string', format: 'uuid' },
    example: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55',
  });

/** Accounts of programs, and the keys of all accounts. */
@ApiTags('administration')
@RequirePermission('admin')
@Controller('admin')
export class KeyAdministrationController {
  constructor(private readonly administration: AdministrationService) {}

  @Post('service-accounts')
  @RefusesApiKeys()
  @ApiOperation({
    operationId: 'createServiceAccount',
    summary: 'Make an account for a program',
    description: 'It has no password and cannot log in: it has API keys, and the first one is in the answer.',
  })
  @ApiCreatedResponse({ type: NewServiceAccountDto, description: 'The key is shown this once.' })
  @ApiProblems(400, 401, 403, nameTaken(), 413, 415, 422)
  async createService(
    @CurrentActor() actor: Actor,
    @Body() body: CreateServiceAccountBody,
  ): Promise<NewServiceAccountDto> {
    const { name, tier = 'free', roles = ['user'], permissions = [] } = body;
    const { account, first } = await this.administration.createService(
      { name, tier, roles, permissions },
      actor,
    );
    return { user: toAdministeredUserDto(account), api_key: toNewApiKeyDto(first) };
  }

  @Post('service-accounts/:id/api-keys')
  @RefusesApiKeys()
  @ApiOperation({ operationId: 'createServiceApiKey', summary: 'Make another API key for a service account' })
  @idOf('id', 'The service account.')
  @ApiCreatedResponse({ type: NewApiKeyDto, description: 'The key is shown this once.' })
  @ApiProblems(400, 401, 403, 404, tooManyApiKeys(MAX_API_KEYS), 413, 415, 422)
  async createServiceKey(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: CreateApiKeyBody,
  ): Promise<NewApiKeyDto> {
    return toNewApiKeyDto(await this.administration.createServiceKey(id, toApiKeyRequest(body), actor));
  }

  @Get('users/:id/api-keys')
  @ApiOperation({ operationId: 'listUserApiKeys', summary: 'The API keys of a user, without their secrets' })
  @idOf('id', 'The user.')
  @ApiOkResponse({ type: ApiKeyListDto })
  @ApiProblems(401, 403, 404)
  async list(@Param('id') id: string): Promise<ApiKeyListDto> {
    return { api_keys: (await this.administration.keysOf(id)).map(toApiKeyDto) };
  }

  @Delete('users/:id/api-keys/:key_id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'revokeUserApiKey', summary: 'Revoke an API key of a user' })
  @idOf('id', 'The user.')
  @idOf('key_id', 'The key.')
  @ApiNoContentResponse({ description: 'The key is good for nothing any more.' })
  @ApiProblems(401, 403, 404)
  async revoke(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('key_id') keyId: string,
  ): Promise<void> {
    await this.administration.revokeKey(id, keyId, actor);
  }
}

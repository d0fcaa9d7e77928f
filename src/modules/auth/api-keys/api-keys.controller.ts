import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { CurrentPrincipal } from '../../../shared/access/current-principal.decorator.js';
import { RefusesApiKeys } from '../../../shared/access/refuses-api-keys.decorator.js';
import type { Principal } from '../../../shared/context/principal.js';
import { ApiProblems } from '../../../shared/errors/api-problems.decorator.js';
import type { Actor } from '../../observability/index.js';
import { tooManyApiKeys } from '../auth.errors.js';
import { CurrentActor } from '../current-actor.decorator.js';
import { ApiKeyListDto, CreateApiKeyBody, NewApiKeyDto } from './api-keys.dto.js';
import { ApiKeysService, MAX_API_KEYS } from './api-keys.service.js';
import { toApiKeyDto, toApiKeyRequest, toNewApiKeyDto } from './to-api-key-dto.js';

const ApiKeyId = (): MethodDecorator =>
  ApiParam({
    name: 'id',
    description: 'The key.',
    schema: { type: 'string', format: 'uuid' },
    example: '0193ab3f-3b00-7000-8000-7d8e9fa0b1c2',
  });

@ApiTags('auth')
@RefusesApiKeys()
@Controller('auth/api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post()
  @ApiOperation({
    operationId: 'createApiKey',
    summary: 'Make an API key',
    description:
      'For programs: it is sent as `Authorization: Bearer` or `x-api-key`. It may do what its scopes say and its owner may ' +
      'at that moment, but nothing below `/auth` that changes how its owner logs in. Keys cannot make keys.',
  })
  @ApiCreatedResponse({ type: NewApiKeyDto, description: 'The key is shown this once.' })
  @ApiProblems(400, 401, 403, tooManyApiKeys(MAX_API_KEYS), 413, 415, 422)
  async create(
    @CurrentPrincipal() owner: Principal,
    @CurrentActor() actor: Actor,
    @Body() body: CreateApiKeyBody,
  ): Promise<NewApiKeyDto> {
    return toNewApiKeyDto(await this.keys.create(owner, toApiKeyRequest(body), actor));
  }

  @Get()
  @ApiOperation({ operationId: 'listApiKeys', summary: 'My API keys, without their secrets' })
  @ApiOkResponse({ type: ApiKeyListDto })
  @ApiProblems(401, 403)
  async list(@CurrentPrincipal() { userId }: Principal): Promise<ApiKeyListDto> {
    return { api_keys: (await this.keys.list(userId)).map(toApiKeyDto) };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'revokeApiKey',
    summary: 'Revoke an API key',
    description: 'In force on every replica within seconds, also for streams that it has opened.',
  })
  @ApiKeyId()
  @ApiNoContentResponse({ description: 'The key is good for nothing any more.' })
  @ApiProblems(401, 403, 404)
  async revoke(
    @CurrentPrincipal() { userId }: Principal,
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
  ): Promise<void> {
    await this.keys.revoke(userId, id, actor);
  }

  @Post(':id/rotate')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'rotateApiKey',
    summary: 'Give an API key another secret',
    description:
      'The answer is a new key with the same name, scopes and expiry, and with an id of its own. The old one is good for ' +
      'nothing at once: who needs both for a while makes a second key and revokes the first.',
  })
  @ApiKeyId()
  @ApiOkResponse({ type: NewApiKeyDto, description: 'The key is shown this once.' })
  @ApiProblems(401, 403, 404)
  async rotate(
    @CurrentPrincipal() { userId }: Principal,
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
  ): Promise<NewApiKeyDto> {
    return toNewApiKeyDto(await this.keys.rotate(userId, id, actor));
  }
}

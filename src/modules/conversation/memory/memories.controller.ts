import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../../shared/access/current-principal.decorator.js';
import { RequirePermission } from '../../../shared/access/require-permission.decorator.js';
import type { Principal } from '../../../shared/context/principal.js';
import { ApiProblems } from '../../../shared/errors/api-problems.decorator.js';
import { IdPageQuery, toIdPage } from '../../../shared/http/id-page.js';
import {
  FactBody,
  ForgottenDto,
  MemoryDto,
  MemoryListDto,
  MemorySettingsBody,
  MemorySettingsDto,
  toMemoryDto,
} from './memories.dto.js';
import { memoryFull, memoryOff } from './memory.errors.js';
import { UserMemory } from './user-memory.js';

const MEMORY_ID = {
  name: 'memory_id',
  description: 'The fact.',
  schema: { type: 'string', format: 'uuid' },
  example: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1',
} as const;

@ApiTags('memory')
@RequirePermission('conversations:manage')
@Controller('agent/memories')
export class MemoriesController {
  constructor(private readonly memory: UserMemory) {}

  @Get('settings')
  @ApiOperation({
    operationId: 'readMemorySettings',
    summary: 'Whether facts about the caller are remembered',
  })
  @ApiOkResponse({ type: MemorySettingsDto })
  @ApiProblems(401, 403)
  settings(@CurrentPrincipal() { hasMemory = false }: Principal): MemorySettingsDto {
    return { enabled: hasMemory, available: this.memory.isInstalled };
  }

  @Put('settings')
  @ApiOperation({
    operationId: 'updateMemorySettings',
    summary: 'Have facts about the caller remembered, or no longer',
    description:
      'While it is on, models are shown the facts and have the tools `remember` and `forget`. Switched off, what is there ' +
      'stays until it is deleted, and is shown to nobody.',
  })
  @ApiOkResponse({ type: MemorySettingsDto })
  @ApiProblems(400, 401, 403, memoryOff(false), 413, 415, 422)
  async updateSettings(
    @CurrentPrincipal() { userId }: Principal,
    @Body() { enabled }: MemorySettingsBody,
  ): Promise<MemorySettingsDto> {
    await this.memory.switch(userId, enabled);
    return { enabled, available: this.memory.isInstalled };
  }

  @Get()
  @ApiOperation({
    operationId: 'listMemories',
    summary: 'Facts that are remembered about the caller, newest first',
  })
  @ApiOkResponse({ type: MemoryListDto })
  @ApiProblems(401, 403, 422)
  async list(@CurrentPrincipal() { userId }: Principal, @Query() query: IdPageQuery): Promise<MemoryListDto> {
    const { items, nextCursor } = await this.memory.list(userId, toIdPage(query));
    return { memories: items.map(toMemoryDto), next_cursor: nextCursor };
  }

  @Post()
  @ApiOperation({
    operationId: 'createMemory',
    summary: 'Have a fact remembered',
    description:
      'The same fact twice is one. 409 `memory_off` until the caller has switched it on, `memory_full` at the limit.',
  })
  @ApiCreatedResponse({ type: MemoryDto })
  @ApiProblems(400, 401, 403, memoryFull(100), 413, 415, 422)
  async create(@CurrentPrincipal() { userId }: Principal, @Body() { text }: FactBody): Promise<MemoryDto> {
    return toMemoryDto(await this.memory.remember(userId, { text, origin: 'user', isTainted: false }));
  }

  @Delete()
  @ApiOperation({ operationId: 'deleteMemories', summary: 'Forget everything' })
  @ApiOkResponse({ type: ForgottenDto })
  @ApiProblems(401, 403)
  async deleteAll(@CurrentPrincipal() { userId }: Principal): Promise<ForgottenDto> {
    return { deleted: await this.memory.forgetAll(userId) };
  }

  @Patch(':memory_id')
  @ApiOperation({
    operationId: 'updateMemory',
    summary: 'Put a fact right',
    description: 'From then on it is the user’s own word: `origin` is `user`, and `is_tainted` false.',
  })
  @ApiParam(MEMORY_ID)
  @ApiOkResponse({ type: MemoryDto })
  @ApiProblems(400, 401, 403, 404, 413, 415, 422)
  async update(
    @CurrentPrincipal() { userId }: Principal,
    @Param('memory_id') id: string,
    @Body() { text }: FactBody,
  ): Promise<MemoryDto> {
    return toMemoryDto(await this.memory.change(userId, id, text));
  }

  @Delete(':memory_id')
  @ApiOperation({ operationId: 'deleteMemory', summary: 'Forget a fact' })
  @ApiParam(MEMORY_ID)
  @ApiOkResponse({ type: ForgottenDto })
  @ApiProblems(401, 403, 404)
  async delete(
    @CurrentPrincipal() { userId }: Principal,
    @Param('memory_id') id: string,
  ): Promise<ForgottenDto> {
    await this.memory.forget(userId, id);
    return { deleted: 1 };
  }
}

import { Body, Controller, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../../shared/access/current-principal.decorator.js';
import { RequirePermission } from '../../../shared/access/require-permission.decorator.js';
import type { Principal } from '../../../shared/context/principal.js';
import { requestContext } from '../../../shared/context/request-context.js';
import { ApiProblems } from '../../../shared/errors/api-problems.decorator.js';
import { IdPageQuery, toIdPage } from '../../../shared/http/id-page.js';
import type { Actor } from '../../observability/index.js';
import { AgentPrompts } from './agent-prompts.js';
import { promptExists } from './prompt.errors.js';
import type { Prompt } from './prompt.js';
import {
  ActivatePromptBody,
  AddPromptVersionBody,
  CreatePromptBody,
  ListPromptVersionsQuery,
  PromptDto,
  PromptListDto,
  PromptVersionDto,
  PromptVersionListDto,
  RenderedPromptDto,
  RenderPromptBody,
} from './prompts.dto.js';
import { PromptsService } from './prompts.service.js';
import { toPromptDto, toPromptVersionDto } from './to-prompt-dto.js';

const NAME = {
  name: 'name',
  description: 'The prompt.',
  schema: { type: 'string' },
  example: 'default',
} as const;

/** Templates are the installation's secrets and nobody's property: reading them needs the permission too. */
@ApiTags('prompts')
@RequirePermission('prompts:write')
@Controller('prompts')
export class PromptsController {
  constructor(
    private readonly prompts: PromptsService,
    private readonly agentPrompts: AgentPrompts,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'listPrompts', summary: 'All prompts, newest first' })
  @ApiOkResponse({ type: PromptListDto })
  @ApiProblems(401, 403, 422)
  async list(@Query() query: IdPageQuery): Promise<PromptListDto> {
    const { items, nextCursor } = await this.prompts.list(toIdPage(query));
    return { prompts: items.map((prompt) => this.toDto(prompt)), next_cursor: nextCursor };
  }

  @Post()
  @ApiOperation({
    operationId: 'createPrompt',
    summary: 'Make a prompt; its first version is active at once',
    description:
      'The agent of this name uses it from its next run on, on every replica within seconds. A template that may not be ' +
      'used is refused, with the line and the column of what is wrong. It is written to the audit trail.',
  })
  @ApiCreatedResponse({ type: PromptDto })
  @ApiProblems(400, 401, 403, promptExists(), 413, 415, 422)
  async create(@CurrentPrincipal() principal: Principal, @Body() body: CreatePromptBody): Promise<PromptDto> {
    return this.toDto(await this.prompts.create(body, actorOf(principal)));
  }

  @Get(':name/versions')
  @ApiOperation({ operationId: 'listPromptVersions', summary: 'The versions of a prompt, newest first' })
  @ApiParam(NAME)
  @ApiOkResponse({ type: PromptVersionListDto })
  @ApiProblems(401, 403, 404, 422)
  async versions(
    @Param('name') name: string,
    @Query() query: ListPromptVersionsQuery,
  ): Promise<PromptVersionListDto> {
    const { items, nextBefore } = await this.prompts.versions(name, query);
    return { versions: items.map(toPromptVersionDto), next_before: nextBefore };
  }

  @Post(':name/versions')
  @ApiOperation({
    operationId: 'addPromptVersion',
    summary: 'Add a version, which nobody uses until it is activated',
    description: 'A version never changes. It is written to the audit trail.',
  })
  @ApiParam(NAME)
  @ApiCreatedResponse({ type: PromptVersionDto })
  @ApiProblems(400, 401, 403, 404, 413, 415, 422)
  async addVersion(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Body() body: AddPromptVersionBody,
  ): Promise<PromptVersionDto> {
    return toPromptVersionDto(await this.prompts.addVersion(name, body, actorOf(principal)));
  }

  @Put(':name/active')
  @ApiOperation({
    operationId: 'activatePrompt',
    summary: 'Use a version from the next run on, or go back to an old one',
    description:
      'On this replica at once and on every other within seconds; runs that have begun keep theirs. With ' +
      '`rollout_percent` only that share of the users gets it, always the same ones, until the next activation. A version ' +
      'for whose variables an agent has no values is refused. It is written to the audit trail.',
  })
  @ApiParam(NAME)
  @ApiOkResponse({ type: PromptDto })
  @ApiProblems(400, 401, 403, 404, 413, 415, 422)
  async activate(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Body() { version, rollout_percent: percent }: ActivatePromptBody,
  ): Promise<PromptDto> {
    return this.toDto(await this.prompts.activate(name, version, percent, actorOf(principal)));
  }

  @Post(':name/render')
  @HttpCode(200)
  @ApiOperation({ operationId: 'renderPrompt', summary: 'See what a version comes to; nothing is stored' })
  @ApiParam(NAME)
  @ApiOkResponse({ type: RenderedPromptDto })
  @ApiProblems(400, 401, 403, 404, 413, 415, 422)
  render(@Param('name') name: string, @Body() body: RenderPromptBody): Promise<RenderedPromptDto> {
    return this.prompts.render(name, body.variables ?? {}, body.version);
  }

  private toDto(prompt: Prompt): PromptDto {
    return toPromptDto(
      prompt,
      this.agentPrompts.usersOf(prompt.name).map((agent) => agent.name),
    );
  }
}

function actorOf({ userId }: Principal): Actor {
  return { userId, requestId: requestContext.current()?.requestId };
}

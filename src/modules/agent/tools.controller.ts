import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { CurrentPrincipal } from '../../shared/access/current-principal.decorator.js';
import { RequirePermission } from '../../shared/access/require-permission.decorator.js';
import { ShowsQuota } from '../../shared/access/shows-quota.decorator.js';
import { IDS, type Ids } from '../../shared/context/ids.js';
import { requestContext } from '../../shared/context/request-context.js';
import type { Principal } from '../../shared/context/principal.js';
import { ApiProblems } from '../../shared/errors/api-problems.decorator.js';
import type { JsonValue } from '../../shared/llm/json.js';
import { ToolExecutor, toToolProblem } from '../tools/index.js';
import { AgentTools } from './agent-tools.js';
import { roundMs } from './surfaces/native/to-chat-answer.js';
import { ToolExecutionDto, ToolListDto } from './tools.dto.js';

@ApiTags('tools')
@RequirePermission('tools:use')
@ShowsQuota()
@Controller('agent/tools')
export class ToolsController {
  constructor(
    private readonly agentTools: AgentTools,
    private readonly executor: ToolExecutor,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'listTools', summary: 'The tools this caller may use' })
  @ApiOkResponse({ type: ToolListDto })
  @ApiProblems(401, 403)
  list(@CurrentPrincipal() principal: Principal): ToolListDto {
    return {
      tools: this.agentTools.usableBy(principal).map((tool) => ({
        name: tool.name,
        description: tool.description,
        input_schema: tool.inputSchema,
        side_effect: tool.sideEffect,
      })),
    };
  }

  @Post(':tool_name')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'executeTool',
    summary: 'Execute a tool directly',
    description: 'The body is the parameters, as the tool’s JSON Schema (GET /agent/tools) describes them.',
  })
  @ApiParam({ name: 'tool_name', schema: { type: 'string' }, example: 'calculator' })
  @ApiBody({
    required: true,
    schema: { type: 'object', additionalProperties: true, example: { expression: '840 * 0.125' } },
  })
  @ApiOkResponse({ type: ToolExecutionDto })
  @ApiProblems(400, 401, 403, 404, 413, 415, 422, 429, 500, 503, 504)
  async execute(
    @CurrentPrincipal() principal: Principal,
    @Param('tool_name') toolName: string,
    @Body() input: unknown,
    @Req() request: Request,
  ): Promise<ToolExecutionDto> {
    const left = new AbortController();
    request.res!.once('close', () => left.abort());
    const toolCallId = this.ids.next();
    const outcome = await this.executor.execute(
      { toolName, input: (input ?? null) as JsonValue, toolCallId, idempotencyKey: toolCallId },
      {
        principal,
        requestId: requestContext.current()?.requestId,
        signal: left.signal,
        allowedTools: new Set(this.agentTools.usableBy(principal).map((tool) => tool.name)),
      },
    );
    if (outcome.status === 'error') throw toToolProblem(outcome);
    return { tool_name: toolName, result: outcome.result, duration_ms: roundMs(outcome.durationMs) };
  }
}

import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../../../shared/access/current-principal.decorator.js';
import { RequirePermission } from '../../../../shared/access/require-permission.decorator.js';
import type { Principal } from '../../../../shared/context/principal.js';
import { requestContext } from '../../../../shared/context/request-context.js';
import { ApiProblems } from '../../../../shared/errors/api-problems.decorator.js';
import { toIdPage } from '../../../../shared/http/id-page.js';
import { toToolPinDto } from './to-tool-pin-dto.js';
import { ListToolPinsQuery, ToolPinDto, ToolPinListDto } from './tool-pins.dto.js';
import { ToolPinsService } from './tool-pins.service.js';

const PIN_ID = {
  name: 'id',
  description: 'The definition.',
  schema: { type: 'string', format: 'uuid' },
  example: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1',
} as const;

@ApiTags('administration')
@RequirePermission('admin')
@Controller('admin/tools/pins')
export class ToolPinsController {
  constructor(private readonly pins: ToolPinsService) {}

  @Get()
  @ApiOperation({
    operationId: 'listToolPins',
    summary: 'Definitions of MCP servers’ tools, and what was decided about them, newest first',
  })
  @ApiOkResponse({ type: ToolPinListDto })
  @ApiProblems(401, 403, 422)
  async list(@Query() query: ListToolPinsQuery): Promise<ToolPinListDto> {
    const { status, server } = query;
    const filter = { ...(status ? { status } : {}), ...(server ? { server } : {}) };
    const { items, nextCursor } = await this.pins.list(toIdPage(query), filter);
    return { pins: items.map(toToolPinDto), next_cursor: nextCursor };
  }

  @Post(':id/approve')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'approveToolPin',
    summary: 'Agree to a tool’s definition',
    description:
      'The tool is offered with this definition, on every replica within seconds, and its other definitions are not any ' +
      'more. It is written to the audit trail.',
  })
  @ApiParam(PIN_ID)
  @ApiOkResponse({ type: ToolPinDto })
  @ApiProblems(401, 403, 404)
  approve(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<ToolPinDto> {
    return this.decide(id, 'approved', principal);
  }

  @Post(':id/reject')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'rejectToolPin',
    summary: 'Refuse a tool’s definition',
    description:
      'The tool is not offered with this definition. With the one that was approved before it is, where the server shows ' +
      'that again. It is written to the audit trail.',
  })
  @ApiParam(PIN_ID)
  @ApiOkResponse({ type: ToolPinDto })
  @ApiProblems(401, 403, 404)
  reject(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<ToolPinDto> {
    return this.decide(id, 'rejected', principal);
  }

  private async decide(
    id: string,
    status: 'approved' | 'rejected',
    { userId }: Principal,
  ): Promise<ToolPinDto> {
    const actor = { userId, requestId: requestContext.current()?.requestId };
    return toToolPinDto(await this.pins.decide(id, status, actor));
  }
}

import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../shared/access/current-principal.decorator.js';
import { RequirePermission } from '../../shared/access/require-permission.decorator.js';
import type { Principal } from '../../shared/context/principal.js';
import { ApiProblems } from '../../shared/errors/api-problems.decorator.js';
import { RunDto } from './runs.dto.js';
import { RunService } from './run.service.js';
import { toRunDto } from './to-run-dto.js';

@ApiTags('agent')
@RequirePermission('agent:run')
@Controller('agent/runs')
export class RunsController {
  constructor(private readonly runs: RunService) {}

  @Get(':run_id')
  @ApiOperation({ operationId: 'readRun', summary: 'A run with its steps, usage, cost and stop reason' })
  @ApiParam({
    name: 'run_id',
    description: 'The run.',
    schema: { type: 'string', format: 'uuid' },
    example: '0193ab40-7c20-7000-8000-9a0c44d2b7e3',
  })
  @ApiOkResponse({ type: RunDto })
  @ApiProblems(401, 403, 404)
  async read(@CurrentPrincipal() principal: Principal, @Param('run_id') runId: string): Promise<RunDto> {
    return toRunDto(await this.runs.read(principal, runId));
  }
}

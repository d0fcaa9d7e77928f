import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { Public } from '../../shared/access/public.decorator.js';
import { ApiProblems } from '../../shared/errors/api-problems.decorator.js';
import { LiveDto, ReadyDto } from './health.dto.js';
import { notReady } from './health.errors.js';
import { HealthService } from './health.service.js';

@ApiTags('operations')
@Public()
@SkipThrottle({ address: true })
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('live')
  @ApiOperation({ operationId: 'live', summary: 'The process can serve; nothing else is checked' })
  @ApiOkResponse({ type: LiveDto })
  @ApiProblems(400)
  live(): LiveDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({
    operationId: 'ready',
    summary: 'Database and Redis answer, the schema is current, and the process is not shutting down',
  })
  @ApiOkResponse({ type: ReadyDto })
  @ApiProblems(400, notReady({ database: 'up', redis: 'down' }))
  async ready(): Promise<ReadyDto> {
    return { status: 'ok', checks: await this.health.assertReady() };
  }
}

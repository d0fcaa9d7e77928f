import { timingSafeEqual } from 'node:crypto';
import { Controller, Get, Headers, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { Response } from 'express';
import { register } from 'prom-client';
import { HttpConfig } from '../../config/app-config.js';
import { Public } from '../../shared/access/public.decorator.js';
import { ApiProblems } from '../../shared/errors/api-problems.decorator.js';
import { AppError } from '../../shared/errors/app-error.js';

@ApiTags('operations')
@Public()
@SkipThrottle({ address: true })
@Controller('metrics')
export class MetricsController {
  constructor(private readonly config: HttpConfig) {}

  @Get()
  @ApiOperation({
    operationId: 'metrics',
    summary: 'Prometheus metrics',
    description: 'Open unless METRICS_TOKEN is set; then that token is wanted as a Bearer token.',
  })
  @ApiOkResponse({
    description: 'The Prometheus text format.',
    content: {
      'text/plain': {
        schema: { type: 'string' },
        example:
          '# HELP agent_active_conversations Number of active conversations\nagent_active_conversations 0\n',
      },
    },
  })
  @ApiProblems(401)
  async metrics(
    @Headers('authorization') authorization: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const token = this.config.metricsToken?.reveal();
    if (token !== undefined && !isSame(bearerOf(authorization), token)) {
      throw new AppError('unauthenticated', 'unauthenticated', { detail: 'The metrics token is needed.' });
    }
    response.setHeader('Content-Type', register.contentType);
    response.end(await register.metrics());
  }
}

function bearerOf(authorization = ''): string {
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
}

/** In a time that does not tell how much of it is right. */
function isSame(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

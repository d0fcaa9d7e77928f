import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { ToolsConfig } from '../../config/app-config.js';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { CircuitBreaker } from '../../shared/resilience/circuit-breaker.js';
import type { Tool } from './tool.js';
import { ToolMetrics } from './tool-metrics.js';

/** A breaker per tool: one that is down is not waited for by every run. */
@Injectable()
export class ToolBreakers {
  private readonly breakers = new Map<string, CircuitBreaker>();

  constructor(
    private readonly config: ToolsConfig,
    private readonly metrics: ToolMetrics,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  of({ name }: Tool): CircuitBreaker {
    let breaker = this.breakers.get(name);
    if (!breaker) {
      breaker = new CircuitBreaker({
        clock: this.clock,
        openMs: this.config.breakerOpenMs,
        onStateChange: (state) => {
          this.metrics.breaker(name, state);
          this.logger.warn({ event: 'agent.tool.breaker', tool_name: name, state });
        },
      });
      this.breakers.set(name, breaker);
    }
    return breaker;
  }
}

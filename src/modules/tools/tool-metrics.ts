import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge } from 'prom-client';
import type { BreakerState } from '../../shared/resilience/circuit-breaker.js';

const DECISIONS = 'agent_tool_decisions_total';
const BREAKER_STATE = 'agent_tool_breaker_state';

export const TOOL_METRIC_PROVIDERS = [
  makeCounterProvider({
    name: DECISIONS,
    help: 'Tool calls by what the policy decided.',
    labelNames: ['tool_name', 'decision'],
  }),
  makeGaugeProvider({
    name: BREAKER_STATE,
    help: '0: closed, 1: half-open, 2: open.',
    labelNames: ['tool_name'],
  }),
];

const STATE_VALUES: Record<BreakerState, number> = { closed: 0, 'half-open': 1, open: 2 };

/** `allowed`, `approval_requested`, or the code of the refusal. */
export type ToolDecision = 'allowed' | 'approval_requested' | (string & {});

/** What the policy of tools tells the metrics. Names are those of registered tools, or `unknown`. */
@Injectable()
export class ToolMetrics {
  constructor(
    @InjectMetric(DECISIONS) private readonly decisions: Counter,
    @InjectMetric(BREAKER_STATE) private readonly breakerStates: Gauge,
  ) {}

  decided(toolName: string, decision: ToolDecision): void {
    this.decisions.inc({ tool_name: toolName, decision });
  }

  breaker(toolName: string, state: BreakerState): void {
    this.breakerStates.set({ tool_name: toolName }, STATE_VALUES[state]);
  }
}

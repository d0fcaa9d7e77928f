import { Injectable } from '@nestjs/common';
import {
  InjectMetric,
  makeCounterProvider,
  makeGaugeProvider,
  makeHistogramProvider,
} from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge, Histogram } from 'prom-client';
import type { Tier } from '../../shared/context/principal.js';

/** A model call with tools takes from tenths of a second to minutes. */
const LATENCY_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300];
const TOOL_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30];

/** The source document's metrics, by its names and labels, and one for tools. */
export const AGENT_METRIC_PROVIDERS = [
  makeCounterProvider({
    name: 'agent_requests_total',
    help: 'Total agent requests',
    labelNames: ['user_tier', 'tool_name', 'status'],
  }),
  makeHistogramProvider({
    name: 'agent_latency_seconds',
    help: 'Agent response latency',
    labelNames: ['user_tier', 'has_tools'],
    buckets: LATENCY_BUCKETS,
  }),
  makeCounterProvider({
    name: 'agent_tokens_used_total',
    help: 'Total tokens used',
    labelNames: ['user_tier', 'model'],
  }),
  makeCounterProvider({
    name: 'agent_cost_usd_total',
    help: 'Total cost in USD',
    labelNames: ['user_tier', 'model'],
  }),
  makeGaugeProvider({ name: 'agent_active_conversations', help: 'Number of active conversations' }),
  makeHistogramProvider({
    name: 'agent_tool_duration_seconds',
    help: 'Duration of tool executions',
    labelNames: ['tool_name', 'status'],
    buckets: TOOL_BUCKETS,
  }),
];

/** A tool that was never executed here: a model made its name up, or its call was refused. */
const UNKNOWN_TOOL = 'unknown';

/** Records what runs do. Labels are bounded: tiers, configured models, tools that have been executed. */
@Injectable()
export class AgentMetrics {
  private readonly knownTools = new Set<string>();

  constructor(
    @InjectMetric('agent_requests_total') private readonly requests: Counter,
    @InjectMetric('agent_latency_seconds') private readonly latency: Histogram,
    @InjectMetric('agent_tokens_used_total') private readonly tokens: Counter,
    @InjectMetric('agent_cost_usd_total') private readonly cost: Counter,
    @InjectMetric('agent_active_conversations') private readonly activeConversations: Gauge,
    @InjectMetric('agent_tool_duration_seconds') private readonly toolDuration: Histogram,
  ) {}

  /** `tool_name` is `none`, the one tool that was used, or `multiple`. Names that `recordTool` has not seen are `unknown`. */
  recordRun(run: { tier: Tier; toolNames: readonly string[]; status: string; latencySeconds: number }): void {
    const { tier, toolNames, status, latencySeconds } = run;
    const distinct = new Set(toolNames.map((name) => (this.knownTools.has(name) ? name : UNKNOWN_TOOL)));
    const [first = 'none'] = distinct;
    const toolName = distinct.size > 1 ? 'multiple' : first;
    this.requests.inc({ user_tier: tier, tool_name: toolName, status });
    this.latency.observe({ user_tier: tier, has_tools: String(toolNames.length > 0) }, latencySeconds);
  }

  /** One model call. `costUsd` is left out where the price is unknown. */
  recordUsage(usage: { tier: Tier; model: string; tokens: number; costUsd?: number }): void {
    const labels = { user_tier: usage.tier, model: usage.model };
    this.tokens.inc(labels, usage.tokens);
    if (usage.costUsd !== undefined) this.cost.inc(labels, usage.costUsd);
  }

  /** One execution. `toolName` is a registered tool's, never a name that a model has made up. */
  recordTool(tool: { toolName: string; status: string; durationSeconds: number }): void {
    this.knownTools.add(tool.toolName);
    this.toolDuration.observe({ tool_name: tool.toolName, status: tool.status }, tool.durationSeconds);
  }

  conversationStarted(): void {
    this.activeConversations.inc();
  }

  conversationEnded(): void {
    this.activeConversations.dec();
  }
}

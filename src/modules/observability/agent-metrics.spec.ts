import { Test } from '@nestjs/testing';
import { register } from 'prom-client';
import { AGENT_METRIC_PROVIDERS, AgentMetrics } from './agent-metrics.js';

/** The lines of one metric as Prometheus reads them. */
async function linesOf(name: string): Promise<string[]> {
  const text = await register.getSingleMetricAsString(name);
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe(AgentMetrics.name, () => {
  let metrics: AgentMetrics;
  beforeEach(async () => {
    register.clear();
    const module = await Test.createTestingModule({
      providers: [...AGENT_METRIC_PROVIDERS, AgentMetrics],
    }).compile();
    metrics = module.get(AgentMetrics);
  });
  afterAll(() => register.clear());

  const run = { tier: 'free', status: 'completed', latencySeconds: 0.2 } as const;
  const executed = (...toolNames: string[]): void => {
    for (const toolName of toolNames) metrics.recordTool({ toolName, status: 'ok', durationSeconds: 0.01 });
  };

  it("has the source document's names and labels", async () => {
    executed('calculator');
    metrics.recordRun({ ...run, toolNames: ['calculator'] });
    metrics.recordUsage({ tier: 'pro', model: 'm1', tokens: 120, costUsd: 0.0012 });
    expect(await linesOf('agent_requests_total')).toEqual([
      'agent_requests_total{user_tier="free",tool_name="calculator",status="completed"} 1',
    ]);
    expect(await linesOf('agent_latency_seconds')).toContain(
      'agent_latency_seconds_bucket{le="0.25",user_tier="free",has_tools="true"} 1',
    );
    expect(await linesOf('agent_tokens_used_total')).toEqual([
      'agent_tokens_used_total{user_tier="pro",model="m1"} 120',
    ]);
    expect(await linesOf('agent_cost_usd_total')).toEqual([
      'agent_cost_usd_total{user_tier="pro",model="m1"} 0.0012',
    ]);
    expect(await linesOf('agent_tool_duration_seconds')).toContain(
      'agent_tool_duration_seconds_count{tool_name="calculator",status="ok"} 1',
    );
  });

  it.each([
    [[], 'none', false],
    [['calculator'], 'calculator', true],
    [['calculator', 'calculator'], 'calculator', true],
    [['calculator', 'current_time'], 'multiple', true],
    [['made_up'], 'unknown', true],
    [['made_up', 'made_up_too'], 'unknown', true],
    [['calculator', 'made_up'], 'multiple', true],
  ])('a run that called %j counts as %s', async (toolNames, label, hasTools) => {
    executed('calculator', 'current_time');
    metrics.recordRun({ ...run, toolNames });
    expect((await linesOf('agent_requests_total')).join()).toContain(`tool_name="${label}"`);
    expect((await linesOf('agent_latency_seconds')).join()).toContain(`has_tools="${hasTools}"`);
  });

  it('F61: has no more series after 10,000 made-up tools than after one', async () => {
    for (let index = 0; index < 10_000; index += 1)
      metrics.recordRun({ ...run, toolNames: [`made_up_${index}`] });
    expect(await linesOf('agent_requests_total')).toEqual([
      'agent_requests_total{user_tier="free",tool_name="unknown",status="completed"} 10000',
    ]);
  });

  it('counts no cost where the price is unknown, instead of a cost of 0', async () => {
    metrics.recordUsage({ tier: 'free', model: 'local', tokens: 5 });
    expect(await linesOf('agent_cost_usd_total')).toEqual([]);
  });

  it('knows how many conversations are active', async () => {
    metrics.conversationStarted();
    metrics.conversationStarted();
    metrics.conversationEnded();
    expect(await linesOf('agent_active_conversations')).toEqual(['agent_active_conversations 1']);
  });
});

import { Global, Module } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { HttpConfig, ProcessConfig } from '../../config/app-config.js';
import { REDIS } from '../../redis/redis.module.js';
import { AgentMetrics } from './agent-metrics.js';
import { DatabaseHealthRepository } from './database-health.repository.js';
import { ObservabilityModule } from './observability.module.js';

const PROCESS = { logLevel: 'silent', version: '1.2.3', environment: 'test' } as ProcessConfig;

@Global()
@Module({
  providers: [
    { provide: REDIS, useValue: null },
    { provide: HttpConfig, useValue: {} },
    { provide: ProcessConfig, useValue: PROCESS },
  ],
  exports: [REDIS, HttpConfig, ProcessConfig],
})
class SurroundingsModule {}

describe(ObservabilityModule.name, () => {
  const running: NestExpressApplication[] = [];
  afterEach(async () => {
    for (const app of running.splice(0)) await app.close();
  });

  async function start(): Promise<NestExpressApplication> {
    const module = await Test.createTestingModule({
      imports: [SurroundingsModule, ObservabilityModule.forRoot(PROCESS)],
    })
      .overrideProvider(DatabaseHealthRepository)
      .useValue({})
      .compile();
    const app = module.createNestApplication<NestExpressApplication>({ logger: false });
    running.push(app);
    await app.listen(0, '127.0.0.1');
    return app;
  }

  const metricsOf = async (app: NestExpressApplication): Promise<string> =>
    (await fetch(`${await app.getUrl()}/metrics`)).text();

  it('serves metrics of the process, of HTTP and of the agent', async () => {
    const text = await metricsOf(await start());
    for (const name of [
      ...['process_cpu_seconds_total', 'nodejs_eventloop_lag_seconds', 'http_requests_total'],
      ...['http_request_duration_seconds', 'http_open_streams', 'agent_requests_total'],
      ...['agent_latency_seconds', 'agent_tokens_used_total', 'agent_cost_usd_total'],
      ...['agent_active_conversations', 'agent_tool_duration_seconds'],
    ])
      expect(text).toContain(`# TYPE ${name} `);
  });

  it('begins with empty metrics, however many applications a process has had', async () => {
    const first = await start();
    first.get(AgentMetrics, { strict: false }).conversationStarted();
    expect(await metricsOf(first)).toContain('agent_active_conversations 1');
    expect(await metricsOf(await start())).toContain('agent_active_conversations 0');
  });

  it('says what runs here', async () => {
    const app = await start();
    const response = await fetch(`${await app.getUrl()}/metadata`);
    expect(await response.json()).toEqual({ name: 'perch', version: '1.2.3', environment: 'test' });
  });
});

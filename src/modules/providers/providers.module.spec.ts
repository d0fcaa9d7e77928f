import { Global, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { PinoLogger } from 'nestjs-pino';
import { register } from 'prom-client';
import { ConfigModule } from '../../config/config.module.js';
import { ConfigError, loadConfig } from '../../config/load-config.js';
import { DERIVED_KEYS } from '../../shared/context/derived-keys.js';
import { ContextModule } from '../../shared/context/context.module.js';
import { MODEL_CLIENT, type ModelClient } from './model-client.js';
import { ProvidersModule } from './providers.module.js';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

@Global()
@Module({
  providers: [
    { provide: PinoLogger, useValue: silent },
    { provide: DERIVED_KEYS, useValue: { keyFor: () => Buffer.alloc(32) } },
  ],
  exports: [PinoLogger, DERIVED_KEYS],
})
class SurroundingsModule {}

describe(ProvidersModule.name, () => {
  function compile(environment: Record<string, string>): Promise<TestingModule> {
    return Test.createTestingModule({
      imports: [
        ConfigModule.forRoot(loadConfig(environment)),
        ContextModule,
        SurroundingsModule,
        ProvidersModule,
      ],
    }).compile();
  }

  afterEach(() => register.clear());

  it('answers without any key, and counts what it did', async () => {
    const module = await compile({ AI_SCRIPTED_DELAY_MS: '0' });
    const client = module.get<ModelClient>(MODEL_CLIENT);
    const model = client.find('scripted')!;
    let text = '';
    const request = {
      model,
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hello' }] }] as const,
      tools: [],
      maxOutputTokens: 100,
    };
    for await (const event of client.stream(request, new AbortController().signal)) {
      if (event.type === 'text-delta') text += event.delta;
    }

    expect(text).toMatch(/^Hello!/);
    const metrics = await register.metrics();
    expect(metrics).toContain('provider_requests_total{provider="scripted",model="scripted",outcome="ok"} 1');
    expect(metrics).toContain(
      'provider_time_to_first_token_seconds_count{provider="scripted",model="scripted"} 1',
    );
    await module.close();
  });

  it('does not start when the configuration names a model that does not exist', async () => {
    await expect(compile({ AI_FALLBACK_MODELS: 'nowhere' })).rejects.toThrow(ConfigError);
  });
});

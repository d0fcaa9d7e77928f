import { loadConfig } from '../../../src/config/load-config.js';
import { ModelCatalogue } from '../../../src/modules/providers/catalogue/model-catalogue.js';
import type { ModelInfo } from '../../../src/modules/providers/catalogue/model-info.js';
import type { LlmProvider, ModelRequest } from '../../../src/modules/providers/llm-provider.js';
import type { ModelCallEvent } from '../../../src/modules/providers/model-client.js';
import type { ProviderMetrics } from '../../../src/modules/providers/resilience/provider-metrics.js';
import { ResilientModelClient } from '../../../src/modules/providers/resilience/resilient-model-client.js';
import { systemTimers, type Timers } from '../../../src/modules/providers/resilience/timers.js';
import { type Clock, systemClock } from '../../../src/shared/context/clock.js';

export interface ClientSetup {
  readonly environment: Readonly<Record<string, string>>;
  readonly providers: readonly LlmProvider[];
  readonly time?: Clock & Timers;
  readonly random?: () => number;
}

/** A model client with what it told its metrics (`retried 429`) and its log (the `event` members). */
export class ClientUnderTest {
  readonly client: ResilientModelClient;
  readonly metrics: string[] = [];
  readonly log: Record<string, unknown>[] = [];

  constructor({ environment, providers, time, random = () => 0.5 }: ClientSetup) {
    const config = loadConfig(environment).providers;
    const clock = time ?? systemClock;
    const write = (entry: unknown): void => void this.log.push(entry as Record<string, unknown>);
    this.client = new ResilientModelClient({
      catalogue: new ModelCatalogue(config, clock),
      config,
      clock,
      timers: time ?? systemTimers,
      random,
      metrics: recordMetrics(this.metrics),
      logger: { info: write, warn: write, error: write },
      providers: new Map(providers.map((provider) => [provider.name, provider])),
    });
  }

  model(id: string): ModelInfo {
    const model = this.client.find(id);
    if (!model) throw new Error(`There is no model ${id}.`);
    return model;
  }

  request(overrides: Partial<ModelRequest> = {}): ModelRequest {
    return {
      model: this.client.list()[0]!,
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hello' }] }],
      tools: [],
      maxOutputTokens: 100,
      ...overrides,
    };
  }

  /** Makes a call and keeps what came of it. */
  call(overrides: Partial<ModelRequest> = {}, signal = new AbortController().signal): ObservedCall {
    return new ObservedCall(this.client.stream(this.request(overrides), signal));
  }

  logged(event: string): Record<string, unknown>[] {
    return this.log.filter((entry) => entry.event === event);
  }
}

export class ObservedCall {
  readonly events: ModelCallEvent[] = [];
  error: unknown;
  /** Resolves when the call is over, also when it failed. */
  readonly over: Promise<this>;

  constructor(stream: AsyncIterable<ModelCallEvent>) {
    this.over = this.#drain(stream);
  }

  get text(): string {
    return this.events.map((event) => (event.type === 'text-delta' ? event.delta : '')).join('');
  }

  /** The ids of the models that were tried. */
  get models(): string[] {
    return this.events.flatMap((event) => (event.type === 'model' ? [event.model.id] : []));
  }

  async #drain(stream: AsyncIterable<ModelCallEvent>): Promise<this> {
    try {
      for await (const event of stream) this.events.push(event);
    } catch (error) {
      this.error = error;
    }
    return this;
  }
}

function recordMetrics(into: string[]): Pick<ProviderMetrics, keyof ProviderMetrics> {
  return {
    requested: (model, outcome) => void into.push(`requested ${model.id} ${outcome}`),
    retried: (error) => void into.push(`retried ${error.status ?? error.reason}`),
    fellBack: (to) => void into.push(`fell back to ${to.id}`),
    breaker: (model, state) => void into.push(`breaker ${model.id} ${state}`),
    authFailed: (model) => void into.push(`auth failed ${model.provider}`),
    firstPart: () => undefined,
  };
}

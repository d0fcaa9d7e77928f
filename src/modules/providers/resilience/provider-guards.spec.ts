import { ManualTime } from '../../../../test/support/providers/manual-time.js';
import type { ModelInfo } from '../catalogue/model-info.js';
import type { BreakerState } from '../../../shared/resilience/circuit-breaker.js';
import { ProviderGuards } from './provider-guards.js';

function aModel(
  vendorModel: string,
  baseUrl: string,
  provider: ModelInfo['provider'] = 'openai-compatible',
): ModelInfo {
  return {
    id: `${vendorModel} at ${baseUrl}`,
    provider,
    vendorModel,
    connection: { baseUrl },
    capabilities: { tools: true, images: true, reasoning: false, temperature: true, api: 'chat' },
  };
}

describe(ProviderGuards.name, () => {
  const changes: (readonly [id: string, state: BreakerState])[] = [];
  let guards: ProviderGuards;

  beforeEach(() => {
    changes.length = 0;
    guards = new ProviderGuards({
      clock: new ManualTime(),
      breakerOpenMs: 1_000,
      onBreakerChange: (model, state) => changes.push([model.id, state]),
    });
  });

  it('keeps one breaker for a model of a connection, whatever the model is called here', () => {
    const breaker = guards.breakerOf(aModel('llama', 'http://one'));

    expect(guards.breakerOf({ ...aModel('llama', 'http://one'), id: 'another name' })).toBe(breaker);
    expect(guards.breakerOf(aModel('qwen', 'http://one'))).not.toBe(breaker);
    expect(guards.breakerOf(aModel('llama', 'http://two'))).not.toBe(breaker);
    expect(guards.breakerOf(aModel('llama', 'http://one', 'openai'))).not.toBe(breaker);
  });

  it('shares the retries among the models of a connection, and among no others', () => {
    const budget = guards.budgetOf(aModel('llama', 'http://one'));
    while (budget.take());

    expect(guards.budgetOf(aModel('qwen', 'http://one')).take()).toBe(false);
    expect(guards.budgetOf(aModel('llama', 'http://two')).take()).toBe(true);
    expect(guards.budgetOf(aModel('llama', 'http://one', 'openai')).take()).toBe(true);
  });

  it('says which model a breaker has opened for', () => {
    const model = aModel('llama', 'http://one');
    for (let count = 0; count < 5; count++) guards.breakerOf(model).acquire().permit?.failed();

    expect(changes).toEqual([[model.id, 'open']]);
  });
});

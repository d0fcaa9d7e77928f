import { describeLlmProvider } from '../../../../test/contracts/describe-llm-provider.js';
import { aModel } from '../../../../test/support/a-model.js';
import { AnthropicProvider } from './anthropic.provider.js';

describeLlmProvider(AnthropicProvider.name, {
  createProvider: () => new AnthropicProvider(),
  modelAt: (baseUrl) => aModel({ provider: 'anthropic', vendorModel: 'claude-test' }, { baseUrl }),
  reasoning: 'signed',
  rawStop: 'end_turn',
  unknownFinish: 'pause_turn',
  reportsCacheWrites: true,
  eventsBeforeText: 2,
});

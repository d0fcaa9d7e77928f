import { describeLlmProvider } from '../../../../test/contracts/describe-llm-provider.js';
import { aModel } from '../../../../test/support/a-model.js';
import { OpenAiCompatibleProvider } from './openai-compatible.provider.js';

describeLlmProvider(OpenAiCompatibleProvider.name, {
  createProvider: () => new OpenAiCompatibleProvider(),
  modelAt: (url) =>
    aModel({ provider: 'openai-compatible', vendorModel: 'llama-test' }, { baseUrl: `${url}/v1` }),
  reasoning: 'plain',
  rawStop: 'stop',
  unknownFinish: 'eos_token',
  reportsCacheWrites: false,
  eventsBeforeText: 1,
});

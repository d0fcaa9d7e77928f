import { describeLlmProvider } from '../../../../test/contracts/describe-llm-provider.js';
import { aModel } from '../../../../test/support/a-model.js';
import { OpenAiProvider } from './openai.provider.js';

describeLlmProvider(`${OpenAiProvider.name} over Chat Completions`, {
  createProvider: () => new OpenAiProvider(),
  modelAt: (url) => aModel({ provider: 'openai', vendorModel: 'gpt-test' }, { baseUrl: `${url}/v1` }),
  reasoning: 'plain',
  rawStop: 'stop',
  unknownFinish: 'eos_token',
  reportsCacheWrites: false,
  eventsBeforeText: 1,
});

describeLlmProvider(`${OpenAiProvider.name} over Responses`, {
  createProvider: () => new OpenAiProvider(),
  modelAt: (url) =>
    aModel(
      { provider: 'openai', vendorModel: 'gpt-test' },
      { baseUrl: `${url}/v1` },
      { api: 'responses', reasoning: true },
    ),
  reasoning: 'signed',
  rawStop: 'completed',
  unknownFinish: 'bored',
  reportsCacheWrites: false,
  eventsBeforeText: 4,
});

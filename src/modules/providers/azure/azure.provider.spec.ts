import { describeLlmProvider } from '../../../../test/contracts/describe-llm-provider.js';
import { aModel } from '../../../../test/support/a-model.js';
import { AzureProvider } from './azure.provider.js';

describeLlmProvider(AzureProvider.name, {
  createProvider: () => new AzureProvider(),
  modelAt: (baseUrl) =>
    aModel({ provider: 'azure', vendorModel: 'my-deployment' }, { baseUrl, apiVersion: '2024-10-21' }),
  reasoning: 'plain',
  rawStop: 'stop',
  unknownFinish: 'eos_token',
  reportsCacheWrites: false,
  eventsBeforeText: 2,
});

import type { AgentConfig, ProvidersConfig } from '../../../config/app-config.js';
import { providerFacts } from '../../../config/providers.js';
import type { ModelCatalogue } from './model-catalogue.js';

/** Names in the configuration that lead nowhere, a line each; found at start-up, not by the first caller. */
export function catalogueFaults(
  catalogue: ModelCatalogue,
  config: ProvidersConfig,
  { agents, summaryModel }: Pick<AgentConfig, 'agents'> & Partial<Pick<AgentConfig, 'summaryModel'>>,
): string[] {
  const faults: string[] = [];
  for (const { id } of config.models) {
    const model = catalogue.find(id);
    if (!model) continue;
    const { apiKey, baseUrl } = model.connection;
    // A server that speaks a vendor's wire without a key is `openai-compatible`.
    const { needsKey, needsAddress } = providerFacts(model.provider);
    const missing = [
      ...(needsKey && !apiKey ? ['key'] : []),
      ...(needsAddress && !baseUrl ? ['address'] : []),
    ];
    if (missing.length > 0)
      faults.push(`AI_MODELS: ${id} has no ${missing.join(' and no ')} for ${model.provider}`);
  }
  const check = (source: string, id: string): void => {
    if (!catalogue.find(id)) faults.push(`${source}: there is no model ${id} here`);
  };
  check('AI_MODEL', config.defaultModel);
  for (const id of config.fallbackModels) check('AI_FALLBACK_MODELS', id);
  if (summaryModel !== undefined) check('AI_SUMMARY_MODEL', summaryModel);
  for (const agent of agents) if (agent.model) check(`PERCH_AGENTS: ${agent.name}`, agent.model);
  return faults;
}

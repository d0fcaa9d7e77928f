import type { AgentConfig, ProvidersConfig } from '../../../config/app-config.js';
import type { ModelCatalogue } from './model-catalogue.js';

/** Names in the configuration that lead nowhere, a line each; found at start-up, not by the first caller. */
export function catalogueFaults(
  catalogue: ModelCatalogue,
  config: ProvidersConfig,
  agents: AgentConfig['agents'],
): string[] {
  const faults: string[] = [];
  for (const { id } of config.models) {
    const model = catalogue.find(id);
    if (!model) continue;
    const { apiKey, baseUrl } = model.connection;
    const isReachable =
      model.provider === 'scripted' ||
      (model.provider === 'azure' || model.provider === 'openai-compatible' ? baseUrl : (apiKey ?? baseUrl));
    if (!isReachable) faults.push(`AI_MODELS: ${id} has neither a key nor an address for ${model.provider}`);
  }
  const check = (source: string, id: string): void => {
    if (!catalogue.find(id)) faults.push(`${source}: there is no model ${id} here`);
  };
  check('AI_MODEL', config.defaultModel);
  for (const id of config.fallbackModels) check('AI_FALLBACK_MODELS', id);
  for (const agent of agents) if (agent.model) check(`PERCH_AGENTS: ${agent.name}`, agent.model);
  return faults;
}

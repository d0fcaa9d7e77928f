import type { AgentConfig, ProvidersConfig } from '../../../config/app-config.js';
import type { ProviderName } from '../provider-name.js';
import type { ModelCatalogue } from './model-catalogue.js';

/** What a connection must have. A server that speaks a vendor's wire without a key is `openai-compatible`. */
const NEEDS: Readonly<Record<ProviderName, { readonly key: boolean; readonly address: boolean }>> = {
  scripted: { key: false, address: false },
  anthropic: { key: true, address: false },
  openai: { key: true, address: false },
  azure: { key: true, address: true },
  'openai-compatible': { key: false, address: true },
};

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
    const { key, address } = NEEDS[model.provider];
    const missing = [...(key && !apiKey ? ['key'] : []), ...(address && !baseUrl ? ['address'] : [])];
    if (missing.length > 0)
      faults.push(`AI_MODELS: ${id} has no ${missing.join(' and no ')} for ${model.provider}`);
  }
  const check = (source: string, id: string): void => {
    if (!catalogue.find(id)) faults.push(`${source}: there is no model ${id} here`);
  };
  check('AI_MODEL', config.defaultModel);
  for (const id of config.fallbackModels) check('AI_FALLBACK_MODELS', id);
  for (const agent of agents) if (agent.model) check(`PERCH_AGENTS: ${agent.name}`, agent.model);
  return faults;
}

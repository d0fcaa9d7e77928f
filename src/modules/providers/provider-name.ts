export const PROVIDER_NAMES = ['scripted', 'anthropic', 'openai', 'azure', 'openai-compatible'] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

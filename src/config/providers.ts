interface ProviderFacts {
  /** Without a key it cannot be called. */
  readonly needsKey: boolean;
  /** Has no public address of its own. */
  readonly needsAddress: boolean;
  /** Answers when AI_MODEL is not set. */
  readonly defaultModel?: string;
}

/**
 * The model providers, a line each. Everything else follows from it: the values of AI_PROVIDER, the variables
 * AI_<NAME>_API_KEY and AI_<NAME>_BASE_URL, what is checked at the start, what the API names. The adapter itself is
 * registered in `modules/providers/providers.module.ts`.
 */
export const PROVIDERS = {
  scripted: { needsKey: false, needsAddress: false, defaultModel: 'scripted' },
  anthropic: { needsKey: true, needsAddress: false, defaultModel: 'claude-sonnet-4-5' },
  openai: { needsKey: true, needsAddress: false, defaultModel: 'gpt-5-mini' },
  azure: { needsKey: true, needsAddress: true },
  'openai-compatible': { needsKey: false, needsAddress: true },
} as const satisfies Readonly<Record<string, ProviderFacts>>;

export type ProviderName = keyof typeof PROVIDERS;

export const PROVIDER_NAMES = Object.keys(PROVIDERS) as [ProviderName, ...ProviderName[]];

export function providerFacts(name: ProviderName): ProviderFacts {
  return PROVIDERS[name];
}

/** `AI_OPENAI_COMPATIBLE_API_KEY` and the like. The scripted provider talks to nobody and has none. */
export function connectionVariables(name: ProviderName): { apiKey: string; baseUrl: string } {
  const prefix = `AI_${name.toUpperCase().replaceAll('-', '_')}`;
  return { apiKey: `${prefix}_API_KEY`, baseUrl: `${prefix}_BASE_URL` };
}

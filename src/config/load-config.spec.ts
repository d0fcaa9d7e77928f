import { inspect } from 'node:util';
import { ConfigError, loadConfig } from './load-config.js';

const PRODUCTION = {
  NODE_ENV: 'production',
  AUTH_JWT_SECRET: 'q8Zr2vK1xWf7mPb4Lt9cYh3sNd6uGj0a',
  AI_PROVIDER: 'anthropic',
  AI_API_KEY: 'sk-ant-9f8e7d6c5b4a39281706',
};

function faultsOf(environment: Record<string, string>): readonly string[] {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe(loadConfig.name, () => {
  it('needs nothing to be set', () => {
    const config = loadConfig({});
    expect(config.providers.defaultProvider).toBe('scripted');
    expect(config.agent).toMatchObject({ maxTokens: 4096, temperature: 0.7, conversationTtlHours: 24 });
    expect(config.rateLimit.tiers).toEqual({
      free: { requestsPerMinute: 10, tokensPerMinute: 50_000 },
      basic: { requestsPerMinute: 30, tokensPerMinute: 200_000 },
      pro: { requestsPerMinute: 100, tokensPerMinute: 1_000_000 },
    });
    expect(config.rateLimit.maxDailyCostPerUser).toBe(10_000_000_000_000n);
  });

  it('reports all faults together', () => {
    const faults = faultsOf({
      PORT: 'http',
      AI_TEMPERATURE: '3',
      AI_MODELS: '{',
      DATABASE_URL: 'mysql://x',
      AI_FREE_TIER_RPM: '-1',
    });
    expect(faults.map((fault) => fault.split(':')[0]).sort()).toEqual([
      'AI_FREE_TIER_RPM',
      'AI_MODELS',
      'AI_TEMPERATURE',
      'DATABASE_URL',
      'PORT',
    ]);
  });

  it('wants a secret that signs what goes to the webhook', () => {
    expect(faultsOf({ PERCH_ALERT_WEBHOOK_URL: 'https://hooks.example.com/perch' })).toEqual([
      'PERCH_ALERT_WEBHOOK_SECRET: is needed with PERCH_ALERT_WEBHOOK_URL',
    ]);
  });

  it('wants all that belongs to an identity provider, and no signature that a public key could make', () => {
    expect(faultsOf({ AUTH_JWKS_URI: 'https://login.example.com/jwks' })).toEqual([
      'AUTH_JWKS_ISSUER: is needed with AUTH_JWKS_URI',
      'AUTH_JWKS_AUDIENCE: is needed with AUTH_JWKS_URI',
    ]);
    expect(faultsOf({ AUTH_JWKS_ISSUER: 'https://login.example.com' })).toHaveLength(1);
    const provider = {
      AUTH_JWKS_URI: 'http://login.example.com/jwks',
      AUTH_JWKS_ISSUER: 'https://login.example.com/',
      AUTH_JWKS_AUDIENCE: 'perch, other',
    };
    for (const AUTH_JWKS_ALGORITHMS of ['HS256', 'none', 'RS256,HS512', ',']) {
      expect(faultsOf({ ...provider, AUTH_JWKS_ALGORITHMS })).toEqual([
        expect.stringContaining('AUTH_JWKS_ALGORITHMS: must be some of RS256'),
      ]);
    }
    expect(faultsOf({ ...provider, AUTH_JWKS_ISSUER: 'perch' })).toHaveLength(1);
    expect(faultsOf({ ...provider, AUTH_JWKS_CLAIMS: '{"roles":{"claim":"groups"}}' })).toHaveLength(1);
    expect(faultsOf({ ...PRODUCTION, ...provider })).toEqual([
      'AUTH_JWKS_URI: must be an https URL when NODE_ENV=production',
    ]);
    expect(
      loadConfig({
        ...provider,
        AUTH_JWKS_CLAIMS:
          '{"roles":{"claim":["realm_access","roles"],"values":{"boss":"admin"}},"tier":"plan"}',
      }).auth.identityProvider,
    ).toMatchObject({
      audiences: ['perch', 'other'],
      algorithms: ['RS256', 'ES256'],
      claims: {
        subject: ['sub'],
        email: ['email'],
        tier: { claim: ['plan'] },
        roles: { claim: ['realm_access', 'roles'], values: { boss: 'admin' } },
      },
    });
    expect(loadConfig({}).auth.identityProvider).toBeUndefined();
  });

  it('wants to know from whom mail comes, and logs what is in it nowhere but outside production', () => {
    expect(faultsOf({ MAIL_SMTP_URL: 'smtp://mail.example.com' })).toEqual([
      'MAIL_FROM: is needed with MAIL_SMTP_URL',
    ]);
    expect(loadConfig({}).mail.areTokensLogged).toBe(true);
    expect(loadConfig(PRODUCTION).mail.areTokensLogged).toBe(false);
  });

  it('wants what the search engine needs, and knows where the hosted ones are', () => {
    expect(faultsOf({ PERCH_SEARCH_ENGINE: 'searxng' })).toEqual([
      'PERCH_SEARCH_URL: is needed for PERCH_SEARCH_ENGINE=searxng',
    ]);
    expect(faultsOf({ PERCH_SEARCH_ENGINE: 'brave' })).toEqual([
      'PERCH_SEARCH_API_KEY: is needed for PERCH_SEARCH_ENGINE=brave',
    ]);
    expect(faultsOf({ PERCH_SEARCH_API_KEY: 'k' })).toEqual([
      'PERCH_SEARCH_ENGINE: is needed with PERCH_SEARCH_URL and PERCH_SEARCH_API_KEY',
    ]);
    expect(loadConfig({}).tools.search).toBeUndefined();
    const { search } = loadConfig({ PERCH_SEARCH_ENGINE: 'tavily', PERCH_SEARCH_API_KEY: 'k' }).tools;
    expect(search).toMatchObject({ engine: 'tavily', url: 'https://api.tavily.com/search' });
  });

  it('takes an empty value for one that is not set', () => {
    expect(loadConfig({ AI_API_KEY: '', PORT: ' ' }).process.port).toBe(3000);
  });

  it('wants a key and an address for the providers that need them', () => {
    expect(faultsOf({ AI_PROVIDER: 'anthropic' })).toEqual([
      'AI_API_KEY: is needed for AI_PROVIDER=anthropic',
    ]);
    expect(faultsOf({ AI_PROVIDER: 'openai-compatible' })).toEqual([
      'AI_BASE_URL: is needed for AI_PROVIDER=openai-compatible',
      'AI_MODEL: is needed for AI_PROVIDER=openai-compatible',
    ]);
    expect(
      faultsOf({
        AI_PROVIDER: 'openai-compatible',
        AI_BASE_URL: 'http://localhost:11434/v1',
        AI_MODEL: 'llama',
      }),
    ).toEqual([]);
  });

  it.each([
    ['AUTH_JWT_SECRET', 'change-me-change-me-change-me-change-me'],
    ['AUTH_JWT_SECRET', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'],
    ['AI_API_KEY', 'your-api-key-here'],
    ['METRICS_TOKEN', 'secret'],
  ])('F36: refuses a placeholder for %s in production', (name, value) => {
    expect(faultsOf({ ...PRODUCTION, [name]: value })).toEqual([
      `${name}: is a placeholder; set a real value when NODE_ENV=production`,
    ]);
  });

  it('F36: wants a signing secret in production and makes no demo account there', () => {
    const { AUTH_JWT_SECRET: _, ...rest } = PRODUCTION;
    expect(faultsOf(rest)).toEqual(['AUTH_JWT_SECRET: is needed when NODE_ENV=production']);
    expect(loadConfig({ ...PRODUCTION, AI_PROVIDER: 'scripted' }).auth.isDemoAccountEnabled).toBe(false);
    expect(faultsOf(PRODUCTION)).toEqual([]);
  });

  it('shows no secret when the whole configuration is printed', () => {
    const config = loadConfig({
      ...PRODUCTION,
      DATABASE_URL: 'postgres://u:hunter2@db/x',
      METRICS_TOKEN: 'mt-4711-abcdef',
    });
    const printed =
      inspect(config, { depth: 10 }) +
      JSON.stringify(config, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    for (const secret of ['hunter2', 'sk-ant-9f8e', 'q8Zr2vK1', 'mt-4711'])
      expect(printed).not.toContain(secret);
  });

  it('gives each provider its own connection, and AI_API_KEY to the default one', () => {
    const { connections } = loadConfig({
      AI_PROVIDER: 'openai',
      AI_API_KEY: 'k1',
      AI_ANTHROPIC_API_KEY: 'k2',
    }).providers;
    expect(connections.openai.apiKey?.reveal()).toBe('k1');
    expect(connections.anthropic.apiKey?.reveal()).toBe('k2');
    expect(connections.azure.apiKey).toBeUndefined();
  });

  it('refuses models without a price as soon as one is named, unless an administrator allows them', () => {
    const priced = { AI_MODELS: '[{"id":"a","price":{"input":"1","output":"2"}},{"id":"b"}]' };
    const allows = (env: Record<string, string>): boolean => loadConfig(env).providers.allowUnpricedModels;
    expect(allows({})).toBe(true);
    expect(allows(priced)).toBe(false);
    expect(allows({ ...priced, AI_ALLOW_UNPRICED_MODELS: 'true' })).toBe(true);
    expect(allows({ AI_ALLOW_UNPRICED_MODELS: 'false' })).toBe(false);
  });

  describe('of MCP servers', () => {
    const servers = (...entries: object[]): Record<string, string> => ({
      PERCH_MCP_SERVERS: JSON.stringify(entries),
    });
    const one = { name: 'tickets', url: 'https://mcp.example.com/mcp' };

    it('keeps credentials out of sight', () => {
      const config = loadConfig({
        ...servers({ ...one, token_env: 'TICKETS_TOKEN', headers_env: { 'X-Api-Key': 'TICKETS_KEY' } }),
        TICKETS_TOKEN: 'canary-1',
        TICKETS_KEY: 'canary-2',
      });
      expect(config.tools.mcpServers[0]).toMatchObject({ timeout_seconds: 30, trusted: false });
      expect(config.tools.mcpCredentials.get('TICKETS_KEY')!.reveal()).toBe('canary-2');
      expect(inspect(config.tools, { depth: 9 }) + JSON.stringify(config.tools)).not.toContain('canary');
    });

    it.each<[string, object, RegExp]>([
      ['neither address nor program', { url: undefined }, /either a url or a command/],
      ['both', { command: 'x' }, /either a url or a command/],
      ['credentials in the address', { url: 'https://a:b@mcp.example.com' }, /no credentials/],
      ['another scheme', { url: 'file:///etc/passwd' }, /http or https/],
      ['an underscore in the name', { name: 'a_b' }, /must be 1 to 32/],
      ['a header of the protocol', { headers_env: { 'Mcp-Session-Id': 'A' } }, /protocol decides/],
      [
        'two credentials in one header',
        { token_env: 'A', headers_env: { authorization: 'B' } },
        /must not name/,
      ],
      ['a credential that is not set', { token_env: 'NOT_SET' }, /names NOT_SET, which is not set/],
      ['a secret of Perch', { token_env: 'AUTH_JWT_SECRET' }, /AUTH_JWT_SECRET, which is a setting of Perch/],
      ['a program that is not allowed', { url: undefined, command: 'x' }, /PERCH_MCP_STDIO_ENABLED: must be/],
      ['a program with credentials', { url: undefined, command: 'x', user_credentials: true }, /takes no/],
      ['an unknown member', { tokn: 'x' }, /tokn/],
    ])('refuses %s', (_, members, fault) => {
      expect(faultsOf(servers({ ...one, ...members })).join('\n')).toMatch(fault);
    });

    it('refuses two of the same name', () => {
      expect(faultsOf(servers(one, one))).toEqual([expect.stringMatching(/names must differ/)]);
    });
  });
});

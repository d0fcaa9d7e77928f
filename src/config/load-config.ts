import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ConnectionSettings, connectionsSchema, ENV_NAMES, type Env, envSchema } from './env.schema.js';
import { JWKS_ALGORITHMS } from './identity-claims.schema.js';
import { namedSettings } from './mcp-servers.schema.js';
import { connectionVariables, PROVIDER_NAMES, type ProviderName, providerFacts } from './providers.js';
import type {
  AppConfig,
  EmbeddingsConfig,
  IdentityProviderConfig,
  ProviderConnectionConfig,
  SearchConfig,
} from './app-config.js';
import { Secret } from './secret.js';

/** All that is wrong with the environment, a line each. `main.ts` prints it and exits. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(
      `The configuration has ${faults.length} fault(s):\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

const MIN_SECRET_LENGTH = 32;
const PLACEHOLDER =
  /your[-_ ]|change[-_ ]?me|placeholder|example|^(secret|password|test|admin|demo)\d*$|^x+$|<.*>/i;

/** Reads and checks the environment. Throws ConfigError with every fault at once. */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): AppConfig {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
  const parsed = envSchema.safeParse(given);
  const settings = connectionsSchema.safeParse(given);
  if (!parsed.success || !settings.success) {
    const issues = [...(parsed.error?.issues ?? []), ...(settings.error?.issues ?? [])];
    throw new ConfigError(issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
  }
  const env = parsed.data;
  const connections = connectionsOf(env, settings.data);
  const faults = [
    ...crossFieldFaults(env, given, connections),
    ...(env.NODE_ENV === 'production' ? productionFaults(env, given) : []),
  ];
  if (faults.length > 0) throw new ConfigError(faults);
  return toSlices(env, given, connections);
}

type Given = Readonly<Record<string, string | undefined>>;

type Connections = Readonly<Record<ProviderName, ProviderConnectionConfig>>;

function crossFieldFaults(env: Env, given: Given, connections: Connections): string[] {
  const faults: string[] = [];
  const { AI_PROVIDER: provider } = env;
  const { needsKey, needsAddress } = providerFacts(provider);
  const { apiKey, baseUrl } = connections[provider];
  if (needsKey && !apiKey) faults.push(`AI_API_KEY: is needed for AI_PROVIDER=${provider}`);
  if (needsAddress && !baseUrl) faults.push(`AI_BASE_URL: is needed for AI_PROVIDER=${provider}`);
  if (env.PERCH_ROLE !== 'all' && !env.DATABASE_URL) {
    faults.push(
      `DATABASE_URL: is needed for PERCH_ROLE=${env.PERCH_ROLE}, which shares its work with other processes`,
    );
  }
  if (!defaultModelOf(env)) faults.push(`AI_MODEL: is needed for AI_PROVIDER=${provider}`);
  for (const model of env.AI_MODELS) {
    if (model.api_key_env && !given[model.api_key_env]) {
      faults.push(`AI_MODELS: ${model.id} names ${model.api_key_env} as its key, which is not set`);
    }
  }
  faults.push(...mcpFaults(env, given));
  faults.push(...httpToolFaults(env, given));
  if (env.AI_EMBEDDING_PROVIDER === 'openai-compatible') {
    for (const name of ['AI_EMBEDDING_MODEL', 'AI_EMBEDDING_BASE_URL'] as const) {
      if (!env[name]) faults.push(`${name}: is needed for AI_EMBEDDING_PROVIDER=openai-compatible`);
    }
  }
  if ((env.AUTH_ADMIN_EMAIL === undefined) !== (env.AUTH_ADMIN_PASSWORD === undefined)) {
    faults.push('AUTH_ADMIN_EMAIL, AUTH_ADMIN_PASSWORD: set both or none');
  }
  if (env.AUTH_ADMIN_PASSWORD !== undefined && env.AUTH_ADMIN_PASSWORD.length < 12) {
    faults.push('AUTH_ADMIN_PASSWORD: must have at least 12 characters');
  }
  if (env.PERCH_ALERT_WEBHOOK_URL !== undefined && env.PERCH_ALERT_WEBHOOK_SECRET === undefined) {
    faults.push('PERCH_ALERT_WEBHOOK_SECRET: is needed with PERCH_ALERT_WEBHOOK_URL');
  }
  if (env.AUTH_JWT_SECRET !== undefined && env.AUTH_JWT_SECRET.length < MIN_SECRET_LENGTH) {
    faults.push(`AUTH_JWT_SECRET: must have at least ${MIN_SECRET_LENGTH} characters`);
  }
  if (env.AI_GUARDRAIL_FLAG_SCORE > env.AI_GUARDRAIL_BLOCK_SCORE) {
    faults.push('AI_GUARDRAIL_FLAG_SCORE: must not be above AI_GUARDRAIL_BLOCK_SCORE');
  }
  if (env.AI_GUARDRAIL_JUDGE_URL === undefined && env.AI_GUARDRAIL_JUDGE_API_KEY !== undefined) {
    faults.push('AI_GUARDRAIL_JUDGE_URL: is needed with AI_GUARDRAIL_JUDGE_API_KEY');
  }
  faults.push(...identityProviderFaults(env));
  if (env.MAIL_SMTP_URL !== undefined && env.MAIL_FROM === undefined) {
    faults.push('MAIL_FROM: is needed with MAIL_SMTP_URL');
  }
  const { PERCH_SEARCH_ENGINE: engine } = env;
  if (engine === 'searxng' && env.PERCH_SEARCH_URL === undefined) {
    faults.push('PERCH_SEARCH_URL: is needed for PERCH_SEARCH_ENGINE=searxng');
  }
  if ((engine === 'brave' || engine === 'tavily') && env.PERCH_SEARCH_API_KEY === undefined) {
    faults.push(`PERCH_SEARCH_API_KEY: is needed for PERCH_SEARCH_ENGINE=${engine}`);
  }
  if (engine === undefined && (env.PERCH_SEARCH_URL ?? env.PERCH_SEARCH_API_KEY) !== undefined) {
    faults.push('PERCH_SEARCH_ENGINE: is needed with PERCH_SEARCH_URL and PERCH_SEARCH_API_KEY');
  }
  return faults;
}

function identityProviderFaults(env: Env): string[] {
  if (env.AUTH_JWKS_URI === undefined) {
    return env.AUTH_JWKS_ISSUER === undefined && env.AUTH_JWKS_AUDIENCE.length === 0
      ? []
      : ['AUTH_JWKS_URI: is needed with AUTH_JWKS_ISSUER and AUTH_JWKS_AUDIENCE'];
  }
  const allowed: readonly string[] = JWKS_ALGORITHMS;
  const unknown = env.AUTH_JWKS_ALGORITHMS.filter((algorithm) => !allowed.includes(algorithm));
  return [
    ...(env.AUTH_JWKS_ISSUER === undefined ? ['AUTH_JWKS_ISSUER: is needed with AUTH_JWKS_URI'] : []),
    ...(env.AUTH_JWKS_AUDIENCE.length === 0 ? ['AUTH_JWKS_AUDIENCE: is needed with AUTH_JWKS_URI'] : []),
    ...(env.AUTH_JWKS_ISSUER === env.AUTH_ISSUER
      ? ['AUTH_JWKS_ISSUER: must not be AUTH_ISSUER, by which Perch knows its own tokens']
      : []),
    ...(unknown.length > 0 || env.AUTH_JWKS_ALGORITHMS.length === 0
      ? [`AUTH_JWKS_ALGORITHMS: must be some of ${allowed.join(', ')}`]
      : []),
  ];
}

function mcpFaults(env: Env, given: Given): string[] {
  return env.PERCH_MCP_SERVERS.flatMap((server) => [
    ...namedSettings(server)
      .filter((name) => !given[name] || ENV_NAMES.includes(name))
      .map((name) =>
        ENV_NAMES.includes(name)
          ? `PERCH_MCP_SERVERS: ${server.name} names ${name}, which is a setting of Perch and must not leave it`
          : `PERCH_MCP_SERVERS: ${server.name} names ${name}, which is not set`,
      ),
    ...(server.command !== undefined && !env.PERCH_MCP_STDIO_ENABLED
      ? [`PERCH_MCP_STDIO_ENABLED: must be true for the command of ${server.name}`]
      : []),
  ]);
}

/** Shorter values would be struck out of answers in which they stand by chance. */
const MIN_CREDENTIAL_LENGTH = 8;

function httpToolFaults(env: Env, given: Given): string[] {
  return env.PERCH_HTTP_TOOLS.flatMap(({ name: api, credentials }) =>
    credentials.flatMap(({ name, value_env: variable }) => {
      const value = given[variable];
      const where = `PERCH_HTTP_TOOLS: ${api} names ${variable} as its ${name}, which`;
      if (value === undefined) return [`${where} is not set`];
      if (value.length < MIN_CREDENTIAL_LENGTH)
        return [`${where} has less than ${MIN_CREDENTIAL_LENGTH} characters`];
      if (!/^[\x20-\x7e]+$/.test(value)) return [`${where} has other characters than visible ASCII`];
      return [];
    }),
  );
}

/** What is fine for trying out and dangerous in production. */
function productionFaults(env: Env, given: Given): string[] {
  const faults: string[] = [];
  if (!env.AUTH_JWT_SECRET) faults.push('AUTH_JWT_SECRET: is needed when NODE_ENV=production');
  const secrets = Object.entries(given).filter(([name]) =>
    /^(AUTH|AI|METRICS|PERCH)_.*(KEY|SECRET|PASSWORD|TOKEN)$/.test(name),
  );
  for (const [name, value] of secrets) {
    if (value && (PLACEHOLDER.test(value) || new Set(value).size < 5)) {
      faults.push(`${name}: is a placeholder; set a real value when NODE_ENV=production`);
    }
  }
  if (env.AUTH_JWKS_URI !== undefined && !isPrivate(new URL(env.AUTH_JWKS_URI)))
    faults.push('AUTH_JWKS_URI: must be an https URL when NODE_ENV=production');
  if (env.PERCH_DEMO_ACCOUNT)
    faults.push('PERCH_DEMO_ACCOUNT: there is no demo account when NODE_ENV=production');
  return faults;
}

/** Whether nobody on the way can change what is answered. */
function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

function identityProviderOf(env: Env): IdentityProviderConfig | undefined {
  if (env.AUTH_JWKS_URI === undefined) return undefined;
  return {
    jwksUri: env.AUTH_JWKS_URI,
    issuer: env.AUTH_JWKS_ISSUER!,
    audiences: env.AUTH_JWKS_AUDIENCE,
    algorithms: env.AUTH_JWKS_ALGORITHMS,
    claims: env.AUTH_JWKS_CLAIMS,
  };
}

function defaultModelOf(env: Env): string | undefined {
  return (
    env.AI_MODEL ??
    (env.AI_PROVIDER === 'azure' ? env.AI_AZURE_DEPLOYMENT : providerFacts(env.AI_PROVIDER).defaultModel)
  );
}

/** AI_<PROVIDER>_* speak for their provider; AI_API_KEY and AI_BASE_URL for the one that AI_PROVIDER names. */
function connectionsOf(env: Env, settings: ConnectionSettings): Connections {
  const entries = PROVIDER_NAMES.map((name) => {
    const variables = connectionVariables(name);
    const isDefault = env.AI_PROVIDER === name;
    const apiKey = settings[variables.apiKey] ?? (isDefault ? env.AI_API_KEY : undefined);
    const baseUrl = settings[variables.baseUrl] ?? (isDefault ? env.AI_BASE_URL : undefined);
    return [name, { apiKey: apiKey === undefined ? undefined : new Secret(apiKey), baseUrl }] as const;
  });
  return Object.fromEntries(entries) as Record<ProviderName, ProviderConnectionConfig>;
}

const SEARCH_ADDRESSES = {
  brave: 'https://api.search.brave.com/res/v1/web/search',
  tavily: 'https://api.tavily.com/search',
} as const;

function searchOf({
  PERCH_SEARCH_ENGINE: engine,
  PERCH_SEARCH_URL: url,
  PERCH_SEARCH_API_KEY: apiKey,
}: Env): SearchConfig | undefined {
  if (engine === undefined) return undefined;
  return {
    engine,
    url: url ?? (engine === 'searxng' ? '' : SEARCH_ADDRESSES[engine]),
    apiKey: apiKey === undefined ? undefined : new Secret(apiKey),
  };
}

/** Prices are told per million tokens. */
const TOKENS_PER_PRICE = 1_000_000n;

function embeddingsOf(env: Env): EmbeddingsConfig {
  if (env.AI_EMBEDDING_PROVIDER === 'local') return { provider: 'local' };
  const { AI_EMBEDDING_API_KEY: apiKey, AI_EMBEDDING_PRICE: price } = env;
  return {
    provider: env.AI_EMBEDDING_PROVIDER,
    model: env.AI_EMBEDDING_MODEL ?? '',
    baseUrl: env.AI_EMBEDDING_BASE_URL ?? '',
    apiKey: apiKey === undefined ? undefined : new Secret(apiKey),
    pricePerToken: price === undefined ? undefined : price / TOKENS_PER_PRICE,
    timeoutMs: env.AI_EMBEDDING_TIMEOUT_MS,
  };
}

function toSlices(env: Env, given: Given, connections: Connections): AppConfig {
  const isProduction = env.NODE_ENV === 'production';
  const secret = (value: string | undefined): Secret | undefined =>
    value === undefined ? undefined : new Secret(value);
  const modelKeys = new Map<string, Secret>();
  for (const { api_key_env: name } of env.AI_MODELS) if (name) modelKeys.set(name, new Secret(given[name]!));
  const httpCredentials = new Map<string, Secret>();
  for (const { value_env: name } of env.PERCH_HTTP_TOOLS.flatMap(({ credentials }) => credentials))
    httpCredentials.set(name, new Secret(given[name]!));
  return {
    process: {
      role: env.PERCH_ROLE,
      environment: env.NODE_ENV,
      // Without a word from the operator only production listens to the outside: elsewhere a demo account may exist.
      host: env.HOST ?? (isProduction ? '0.0.0.0' : '127.0.0.1'),
      port: env.PORT,
      logLevel: env.LOG_LEVEL,
      dataDir: resolve(env.PERCH_DATA_DIR ?? defaultDataDir(given)),
      shutdownGraceMs: env.PERCH_SHUTDOWN_GRACE_SECONDS * 1000,
      version: packageVersion(),
    },
    database: {
      url: secret(env.DATABASE_URL),
      isEmbedded: env.DATABASE_URL === undefined,
      poolSize: env.DATABASE_POOL_SIZE,
      redisUrl: secret(env.REDIS_URL),
    },
    http: {
      trustedProxyHops: env.TRUSTED_PROXY_HOPS,
      corsOrigins: env.CORS_ORIGINS,
      allowedHosts: env.ALLOWED_HOSTS,
      metricsToken: secret(env.METRICS_TOKEN),
      docsEnabled: env.DOCS_ENABLED,
      bodyLimitBytes: env.PERCH_BODY_LIMIT_BYTES,
      headersTimeoutMs: env.PERCH_HEADERS_TIMEOUT_MS,
      requestTimeoutMs: env.PERCH_REQUEST_TIMEOUT_MS,
      streamWriteTimeoutMs: env.PERCH_STREAM_WRITE_TIMEOUT_MS,
    },
    auth: {
      jwtSecret: secret(env.AUTH_JWT_SECRET),
      issuer: env.AUTH_ISSUER,
      audience: env.AUTH_AUDIENCE,
      isRegistrationEnabled: env.AUTH_REGISTRATION_ENABLED,
      adminEmail: env.AUTH_ADMIN_EMAIL,
      adminPassword: secret(env.AUTH_ADMIN_PASSWORD),
      accessTtlSeconds: env.AUTH_ACCESS_TTL_SECONDS,
      refreshTtlSeconds: env.AUTH_REFRESH_TTL_SECONDS,
      isDemoAccountEnabled: !isProduction && (env.PERCH_DEMO_ACCOUNT ?? env.AI_PROVIDER === 'scripted'),
      identityProvider: identityProviderOf(env),
    },
    mail: {
      smtpUrl: secret(env.MAIL_SMTP_URL),
      from: env.MAIL_FROM ?? 'Perch <perch@localhost>',
      linkBaseUrl: env.MAIL_LINK_BASE_URL,
      areTokensLogged: !isProduction,
    },
    providers: {
      defaultProvider: env.AI_PROVIDER,
      defaultModel: defaultModelOf(env)!,
      connections,
      models: env.AI_MODELS,
      modelKeys,
      fallbackModels: env.AI_FALLBACK_MODELS,
      // Who has named a price wants budgets to hold: then a model without one is free by mistake.
      allowUnpricedModels:
        env.AI_ALLOW_UNPRICED_MODELS ?? !env.AI_MODELS.some(({ price }) => price !== undefined),
      azureDeployment: env.AI_AZURE_DEPLOYMENT,
      azureApiVersion: env.AI_AZURE_API_VERSION,
      firstTokenTimeoutMs: env.AI_FIRST_TOKEN_TIMEOUT_MS,
      stallTimeoutMs: env.AI_STALL_TIMEOUT_MS,
      requestTimeoutMs: env.AI_REQUEST_TIMEOUT_MS,
      breakerOpenMs: env.AI_BREAKER_OPEN_MS,
      maskedKinds: new Set(env.PERCH_MASK_PERSONAL_DATA),
      maskedPhoneCountry: env.PERCH_MASK_PHONE_COUNTRY,
      scriptedDelayMs: env.AI_SCRIPTED_DELAY_MS,
      embeddings: embeddingsOf(env),
    },
    agent: {
      agents: env.PERCH_AGENTS,
      maxSteps: env.PERCH_MAX_STEPS,
      maxToolCallsPerStep: env.PERCH_MAX_TOOL_CALLS_PER_STEP,
      toolConcurrency: env.PERCH_TOOL_CONCURRENCY,
      maxRepeatedCalls: env.PERCH_MAX_REPEATED_CALLS,
      runTimeoutMs: env.PERCH_RUN_TIMEOUT_SECONDS * 1000,
      stepTimeoutMs: env.PERCH_STEP_TIMEOUT_SECONDS * 1000,
      backgroundRunsPerUser: env.PERCH_BACKGROUND_RUNS_PER_USER,
      backgroundConcurrency: env.PERCH_BACKGROUND_CONCURRENCY,
      maxQueuedRunsPerUser: env.PERCH_MAX_QUEUED_RUNS_PER_USER,
      leaseSeconds: env.PERCH_LEASE_SECONDS,
      maxTokens: env.AI_MAX_TOKENS,
      temperature: env.AI_TEMPERATURE,
      isStreamingEnabled: env.AI_ENABLE_STREAMING,
      areToolsEnabled: env.AI_ENABLE_TOOLS,
      isConversationMemoryEnabled: env.AI_ENABLE_CONVERSATION_MEMORY,
      isPromptCachingEnabled: env.AI_ENABLE_PROMPT_CACHING,
      conversationTtlHours: env.AI_CONVERSATION_TTL_HOURS,
      isLongTermMemoryEnabled: env.AI_ENABLE_LONG_TERM_MEMORY,
      maxMemoryFacts: env.PERCH_MEMORY_MAX_FACTS,
      recall: env.AI_CONTEXT_RECALL,
      summaries: { isEnabled: env.AI_ENABLE_SUMMARIES, afterTokens: env.AI_SUMMARY_AFTER_TOKENS },
      areTitlesEnabled: env.AI_ENABLE_TITLES,
      summaryModel: env.AI_SUMMARY_MODEL,
    },
    output: {
      links: env.PERCH_OUTPUT_LINKS,
      allowedHosts: env.PERCH_OUTPUT_ALLOWED_HOSTS,
      areSecretsRedacted: env.PERCH_OUTPUT_SECRETS === 'redact',
      areLeaksCut: env.PERCH_OUTPUT_LEAKS === 'cut',
    },
    tools: {
      mcpServers: env.PERCH_MCP_SERVERS,
      mcpCredentials: new Map(
        env.PERCH_MCP_SERVERS.flatMap(namedSettings).map((name) => [name, new Secret(given[name]!)]),
      ),
      mcpPath: given.PATH,
      isMcpTrustedOnFirstUse: env.PERCH_MCP_TRUST_ON_FIRST_USE,
      rules: env.PERCH_TOOL_RULES,
      processConcurrency: env.PERCH_TOOL_PROCESS_CONCURRENCY,
      breakerOpenMs: env.PERCH_TOOL_BREAKER_OPEN_MS,
      taintPolicy: env.PERCH_TAINT_POLICY,
      trustedHosts: env.PERCH_TRUSTED_HOSTS.map((host) => host.toLowerCase()),
      approvalTtlMs: env.PERCH_APPROVAL_TTL_SECONDS * 1000,
      database: {
        url: secret(env.PERCH_TOOL_DATABASE_URL),
        schemas: env.PERCH_TOOL_DATABASE_SCHEMAS.length > 0 ? env.PERCH_TOOL_DATABASE_SCHEMAS : ['public'],
        isExampleEnabled: env.PERCH_TOOL_DATABASE_EXAMPLE ?? !isProduction,
        timeoutMs: env.PERCH_TOOL_DATABASE_TIMEOUT_MS,
        maxRows: env.PERCH_TOOL_DATABASE_MAX_ROWS,
        maxBytes: env.PERCH_TOOL_DATABASE_MAX_BYTES,
      },
      web: {
        concurrency: env.PERCH_WEB_CONCURRENCY,
        originConcurrency: env.PERCH_WEB_ORIGIN_CONCURRENCY,
        timeoutMs: env.PERCH_WEB_TIMEOUT_MS,
        maxBytes: env.PERCH_WEB_MAX_BYTES,
        maxCharacters: env.PERCH_WEB_MAX_CHARACTERS,
      },
      search: searchOf(env),
      computeConcurrency: env.PERCH_COMPUTE_CONCURRENCY,
      code: { timeoutMs: env.PERCH_CODE_TIMEOUT_MS, memoryMb: env.PERCH_CODE_MEMORY_MB },
      httpApis: env.PERCH_HTTP_TOOLS,
      httpCredentials,
    },
    rateLimit: {
      tiers: {
        free: { requestsPerMinute: env.AI_FREE_TIER_RPM, tokensPerMinute: env.AI_FREE_TIER_TPM },
        basic: { requestsPerMinute: env.AI_BASIC_TIER_RPM, tokensPerMinute: env.AI_BASIC_TIER_TPM },
        pro: { requestsPerMinute: env.AI_PRO_TIER_RPM, tokensPerMinute: env.AI_PRO_TIER_TPM },
      },
      isCostTrackingEnabled: env.AI_ENABLE_COST_TRACKING,
      maxDailyCostPerUser: env.AI_MAX_DAILY_COST_PER_USER,
      maxMonthlyCostPerUser: env.AI_MAX_MONTHLY_COST_PER_USER,
      maxCostPerRun: env.AI_MAX_COST_PER_RUN,
      installationDailyCost: env.AI_GLOBAL_DAILY_COST,
      withoutRedis: env.PERCH_QUOTA_WITHOUT_REDIS,
      perAddressPerMinute: env.RATE_LIMIT_IP_PER_MINUTE,
      loginsPerMinute: env.RATE_LIMIT_LOGIN_PER_MINUTE,
      alertWebhookUrl: env.PERCH_ALERT_WEBHOOK_URL,
      alertWebhookSecret: secret(env.PERCH_ALERT_WEBHOOK_SECRET),
    },
    guardrail: {
      isEnabled: env.AI_GUARDRAIL_ENABLED,
      blockScore: env.AI_GUARDRAIL_BLOCK_SCORE,
      flagScore: env.AI_GUARDRAIL_FLAG_SCORE,
      toolFlagScore: env.AI_GUARDRAIL_TOOL_FLAG_SCORE,
      toolAction: env.AI_GUARDRAIL_TOOL_ACTION,
      judge:
        env.AI_GUARDRAIL_JUDGE_URL === undefined
          ? undefined
          : {
              url: env.AI_GUARDRAIL_JUDGE_URL,
              apiKey: secret(env.AI_GUARDRAIL_JUDGE_API_KEY),
              model: env.AI_GUARDRAIL_JUDGE_MODEL,
              timeoutMs: env.AI_GUARDRAIL_JUDGE_TIMEOUT_MS,
            },
    },
  };
}

/** The user's data folder; for root a system one, because the embedded server must not run as root and cannot enter /root. */
function defaultDataDir(given: Given): string {
  if (process.getuid?.() === 0) return '/var/lib/perch';
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'perch');
  return join(given.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'perch');
}

function packageVersion(): string {
  const packageJson = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(packageJson, 'utf8')) as { version: string }).version;
}

import { z } from 'zod';
import { parseUsd } from '../shared/money/usd.js';
import { agentDefinitionsSchema } from './agents.schema.js';
import { identityClaimsSchema } from './identity-claims.schema.js';
import { mcpServersSchema } from './mcp-servers.schema.js';
import { httpApisSchema } from './http-tools.schema.js';
import { configuredModelsSchema } from './models.schema.js';
import { PERSONAL_DATA_KINDS } from './personal-data.js';
import { toolRulesSchema } from './tool-rules.schema.js';
import { connectionVariables, PROVIDER_NAMES } from './providers.js';

/*
 * Every setting of Perch, with its default. `.env.example` documents the same names (a test keeps both equal).
 * An empty value counts as not set. Durations end in _MS or _SECONDS, money is in USD.
 */

const text = z.string().trim().min(1);
const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().int().min(min).max(max));
const decimal = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d+(\.\d+)?$/, 'must be a number')
    .transform(Number)
    .pipe(z.number().min(min).max(max));
const flag = z
  .enum(['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'], { error: 'must be true or false' })
  .transform((value) => value === 'true' || value === '1' || value === 'yes' || value === 'on');
const usd = z.string().transform((value, context) => {
  try {
    const amount = parseUsd(value);
    if (amount >= 0n) return amount;
  } catch {
    // Reported below.
  }
  context.addIssue({ code: 'custom', message: 'must be an amount in USD such as 10.0' });
  return z.NEVER;
});
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
const json = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((value, context): unknown => {
      try {
        return JSON.parse(value);
      } catch {
        context.addIssue({ code: 'custom', message: 'must be JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);
const hostPattern = z
  .string()
  .regex(/^(\*\.)?[^\s/:@?#*]+$/, 'must be host names, or *.example.com for all under one');
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export const envSchema = z.object({
  // process
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  HOST: text.optional(),
  PORT: integer(0, 65_535).default(3000),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  PERCH_DATA_DIR: text.optional(),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }).optional(),
  DATABASE_POOL_SIZE: integer(2, 200).default(10),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be a redis:// URL' }).optional(),
  PERCH_ROLE: z.enum(['all', 'api', 'worker']).default('all'),
  PERCH_SHUTDOWN_GRACE_SECONDS: integer(0, 3600).default(25),
  PERCH_DEMO_ACCOUNT: flag.optional(),

  // http
  TRUSTED_PROXY_HOPS: integer(0, 10).default(0),
  CORS_ORIGINS: list.default([]),
  ALLOWED_HOSTS: list.default([]),
  METRICS_TOKEN: text.optional(),
  DOCS_ENABLED: flag.default(true),
  PERCH_BODY_LIMIT_BYTES: integer(1024, 50_000_000).default(262_144),
  PERCH_HEADERS_TIMEOUT_MS: integer(100, HOUR_MS).default(10_000),
  PERCH_REQUEST_TIMEOUT_MS: integer(100, HOUR_MS).default(30_000),
  PERCH_STREAM_WRITE_TIMEOUT_MS: integer(100, HOUR_MS).default(30_000),

  // runs
  PERCH_MAX_STEPS: integer(1, 1000).default(12),
  PERCH_MAX_TOOL_CALLS_PER_STEP: integer(1, 1000).default(16),
  PERCH_TOOL_CONCURRENCY: integer(1, 100).default(4),
  PERCH_MAX_REPEATED_CALLS: integer(1, 100).default(3),
  PERCH_LEASE_SECONDS: integer(3, 3600).default(15),
  PERCH_RUN_TIMEOUT_SECONDS: integer(1, 86_400).default(600),
  PERCH_STEP_TIMEOUT_SECONDS: integer(1, 86_400).default(600),
  PERCH_BACKGROUND_RUNS_PER_USER: integer(1, 10_000).default(3),
  PERCH_BACKGROUND_CONCURRENCY: integer(0, 10_000).default(20),
  PERCH_MAX_QUEUED_RUNS_PER_USER: integer(1, 1_000_000).default(10_000),
  PERCH_AGENTS: json(agentDefinitionsSchema).default([]),

  // tools
  PERCH_TOOL_RULES: json(toolRulesSchema).default({}),
  PERCH_TOOL_PROCESS_CONCURRENCY: integer(1, 10_000).default(64),
  PERCH_TOOL_BREAKER_OPEN_MS: integer(1, HOUR_MS).default(30_000),
  PERCH_COMPUTE_CONCURRENCY: integer(1, 64).default(2),
  PERCH_CODE_TIMEOUT_MS: integer(250, 60_000).default(2_000),
  PERCH_CODE_MEMORY_MB: integer(8, 256).default(64),
  PERCH_TAINT_POLICY: z.enum(['approve', 'refuse', 'off']).default('approve'),
  PERCH_TRUSTED_HOSTS: list.default([]),
  PERCH_APPROVAL_TTL_SECONDS: integer(1, 31_536_000).default(259_200),
  PERCH_TOOL_DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' })
    .optional(),
  PERCH_TOOL_DATABASE_SCHEMAS: list.default([]),
  PERCH_TOOL_DATABASE_EXAMPLE: flag.optional(),
  PERCH_TOOL_DATABASE_TIMEOUT_MS: integer(100, 10 * MINUTE_MS).default(5_000),
  PERCH_TOOL_DATABASE_MAX_ROWS: integer(1, 100_000).default(200),
  PERCH_TOOL_DATABASE_MAX_BYTES: integer(1024, 100_000_000).default(1_000_000),
  PERCH_HTTP_TOOLS: json(httpApisSchema).default([]),

  // tools: the web
  PERCH_WEB_CONCURRENCY: integer(1, 1000).default(16),
  PERCH_WEB_ORIGIN_CONCURRENCY: integer(1, 1000).default(64),
  PERCH_WEB_TIMEOUT_MS: integer(100, 10 * MINUTE_MS).default(20_000),
  PERCH_WEB_MAX_BYTES: integer(1024, 50_000_000).default(3_000_000),
  PERCH_WEB_MAX_CHARACTERS: integer(1000, 48_000).default(20_000),
  PERCH_SEARCH_ENGINE: z.enum(['searxng', 'brave', 'tavily']).optional(),
  PERCH_SEARCH_URL: httpUrl.optional(),
  PERCH_SEARCH_API_KEY: text.optional(),

  // model calls
  AI_PROVIDER: z.enum(PROVIDER_NAMES).default('scripted'),
  AI_API_KEY: text.optional(),
  AI_BASE_URL: httpUrl.optional(),
  AI_MODEL: text.optional(),
  AI_MODELS: json(configuredModelsSchema).default([]),
  AI_FALLBACK_MODELS: list.default([]),
  AI_MAX_TOKENS: integer(1, 10_000_000).default(4096),
  AI_TEMPERATURE: decimal(0, 2).default(0.7),
  AI_ALLOW_UNPRICED_MODELS: flag.optional(),
  AI_FIRST_TOKEN_TIMEOUT_MS: integer(1, HOUR_MS).default(MINUTE_MS),
  AI_STALL_TIMEOUT_MS: integer(1, HOUR_MS).default(45_000),
  AI_REQUEST_TIMEOUT_MS: integer(1, 24 * HOUR_MS).default(5 * MINUTE_MS),
  AI_BREAKER_OPEN_MS: integer(1, HOUR_MS).default(15_000),
  AI_SCRIPTED_DELAY_MS: integer(0, 10_000).default(25),
  AI_AZURE_DEPLOYMENT: text.optional(),
  AI_AZURE_API_VERSION: text.default('2024-10-21'),

  // guardrail
  AI_GUARDRAIL_ENABLED: flag.default(true),
  AI_GUARDRAIL_BLOCK_SCORE: decimal(0, 1).default(0.8),
  AI_GUARDRAIL_FLAG_SCORE: decimal(0, 1).default(0.5),
  AI_GUARDRAIL_TOOL_ACTION: z.enum(['mark', 'quarantine']).default('mark'),
  AI_GUARDRAIL_TOOL_FLAG_SCORE: decimal(0, 1).default(0.5),
  AI_GUARDRAIL_JUDGE_URL: httpUrl.optional(),
  AI_GUARDRAIL_JUDGE_API_KEY: text.optional(),
  AI_GUARDRAIL_JUDGE_MODEL: text.optional(),
  AI_GUARDRAIL_JUDGE_TIMEOUT_MS: integer(1, 60_000).default(800),

  // features
  AI_ENABLE_STREAMING: flag.default(true),
  AI_ENABLE_TOOLS: flag.default(true),
  AI_ENABLE_CONVERSATION_MEMORY: flag.default(true),
  AI_ENABLE_PROMPT_CACHING: flag.default(true),
  AI_CONVERSATION_TTL_HOURS: integer(1, 24 * 3650).default(24),
  AI_ENABLE_LONG_TERM_MEMORY: flag.default(true),
  PERCH_MEMORY_MAX_FACTS: integer(1, 10_000).default(100),

  // features: long conversations
  AI_CONTEXT_RECALL: z.enum(['off', 'text', 'hybrid']).default('hybrid'),
  AI_EMBEDDING_PROVIDER: z.enum(['local', 'openai-compatible']).default('local'),
  AI_EMBEDDING_MODEL: text.optional(),
  AI_EMBEDDING_BASE_URL: httpUrl.optional(),
  AI_EMBEDDING_API_KEY: text.optional(),
  AI_EMBEDDING_PRICE: usd.optional(),
  AI_EMBEDDING_TIMEOUT_MS: integer(1, HOUR_MS).default(10_000),
  AI_ENABLE_SUMMARIES: flag.default(true),
  AI_SUMMARY_AFTER_TOKENS: integer(500, 10_000_000).default(12_000),
  AI_SUMMARY_MODEL: text.optional(),
  AI_ENABLE_TITLES: flag.default(false),

  // tools: MCP servers
  PERCH_MCP_SERVERS: json(mcpServersSchema).default([]),
  PERCH_MCP_STDIO_ENABLED: flag.default(false),
  PERCH_MCP_TRUST_ON_FIRST_USE: flag.default(true),

  // what models say (docs/guides/output-filter.md)
  PERCH_OUTPUT_LINKS: z.enum(['strip-untrusted', 'strip', 'off']).default('strip-untrusted'),
  PERCH_OUTPUT_ALLOWED_HOSTS: list.pipe(z.array(hostPattern)).default([]),
  PERCH_OUTPUT_SECRETS: z.enum(['redact', 'off']).default('redact'),
  PERCH_OUTPUT_LEAKS: z.enum(['cut', 'off']).default('cut'),
  PERCH_MASK_PERSONAL_DATA: list.pipe(z.array(z.enum(PERSONAL_DATA_KINDS))).default([]),
  PERCH_MASK_PHONE_COUNTRY: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be two capital letters (ISO 3166)')
    .optional(),

  // auth
  AUTH_JWT_SECRET: text.optional(),
  AUTH_ISSUER: text.default('perch'),
  AUTH_AUDIENCE: text.default('perch'),
  AUTH_REGISTRATION_ENABLED: flag.default(true),
  AUTH_ADMIN_EMAIL: z.email().optional(),
  AUTH_ADMIN_PASSWORD: text.optional(),
  AUTH_ACCESS_TTL_SECONDS: integer(1, 86_400).default(900),
  AUTH_REFRESH_TTL_SECONDS: integer(1, 31_536_000).default(2_592_000),
  AUTH_JWKS_URI: httpUrl.optional(),
  AUTH_JWKS_ISSUER: text.optional(),
  AUTH_JWKS_AUDIENCE: list.default([]),
  AUTH_JWKS_ALGORITHMS: list.default(['RS256', 'ES256']),
  AUTH_JWKS_CLAIMS: json(identityClaimsSchema).prefault('{}'),

  // mail
  MAIL_SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be an smtp:// or smtps:// URL' }).optional(),
  MAIL_FROM: text.optional(),
  MAIL_LINK_BASE_URL: httpUrl.optional(),

  // limits
  AI_FREE_TIER_RPM: integer(0, 1_000_000_000).default(10),
  AI_FREE_TIER_TPM: integer(0, 1_000_000_000_000).default(50_000),
  AI_BASIC_TIER_RPM: integer(0, 1_000_000_000).default(30),
  AI_BASIC_TIER_TPM: integer(0, 1_000_000_000_000).default(200_000),
  AI_PRO_TIER_RPM: integer(0, 1_000_000_000).default(100),
  AI_PRO_TIER_TPM: integer(0, 1_000_000_000_000).default(1_000_000),
  AI_ENABLE_COST_TRACKING: flag.default(true),
  AI_MAX_DAILY_COST_PER_USER: usd.prefault('10.0'),
  AI_MAX_MONTHLY_COST_PER_USER: usd.optional(),
  AI_MAX_COST_PER_RUN: usd.optional(),
  AI_GLOBAL_DAILY_COST: usd.optional(),
  PERCH_QUOTA_WITHOUT_REDIS: z.enum(['refuse', 'local']).default('refuse'),
  RATE_LIMIT_IP_PER_MINUTE: integer(0, 1_000_000_000).default(600),
  RATE_LIMIT_LOGIN_PER_MINUTE: integer(0, 1_000_000_000).default(10),
  PERCH_ALERT_WEBHOOK_URL: httpUrl.optional(),
  PERCH_ALERT_WEBHOOK_SECRET: text.optional(),
});

export type Env = z.output<typeof envSchema>;

/** AI_<PROVIDER>_API_KEY and AI_<PROVIDER>_BASE_URL: each provider's own connection, when several are used at once. */
export const connectionsSchema = z.object(
  Object.fromEntries<z.ZodOptional<z.ZodType<string>>>(
    PROVIDER_NAMES.filter((name) => name !== 'scripted').flatMap((name) => {
      const { apiKey, baseUrl } = connectionVariables(name);
      return [
        [apiKey, text.optional()],
        [baseUrl, httpUrl.optional()],
      ];
    }),
  ),
);

export type ConnectionSettings = Readonly<Record<string, string | undefined>>;

export const ENV_NAMES: readonly string[] = [
  ...Object.keys(envSchema.shape),
  ...Object.keys(connectionsSchema.shape),
];

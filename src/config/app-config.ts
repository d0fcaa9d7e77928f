import type { PicoUsd } from '../shared/money/usd.js';
import type { Tier } from '../shared/context/principal.js';
import type { AgentDefinition } from './agents.schema.js';
import type { IdentityClaims } from './identity-claims.schema.js';
import type { McpServerSettings } from './mcp-servers.schema.js';
import type { ToolRules } from './tool-rules.schema.js';
import type { HttpApi } from './http-tools.schema.js';
import type { ConfiguredModel } from './models.schema.js';
import type { PersonalDataKind } from './personal-data.js';
import type { ProviderName } from './providers.js';
import type { Secret } from './secret.js';

/*
 * The typed slices of the configuration. Each is an injection token: a module asks for the slice it needs, never for a
 * key. `load-config.ts` fills them from the environment.
 */

export type NodeEnvironment = 'development' | 'test' | 'production';

/** Which part of the work a process does: `api` drives what callers wait for, `worker` everything but serves no callers. */
export type ProcessRole = 'all' | 'api' | 'worker';

export abstract class ProcessConfig {
  abstract readonly role: ProcessRole;
  abstract readonly environment: NodeEnvironment;
  abstract readonly host: string;
  /** 0: any free port. */
  abstract readonly port: number;
  abstract readonly logLevel: string;
  /** Where the embedded database and generated secrets live. */
  abstract readonly dataDir: string;
  abstract readonly shutdownGraceMs: number;
  /** From package.json. */
  abstract readonly version: string;
}

export abstract class DatabaseConfig {
  /** `undefined`: the embedded server, whose URL is filled in once it runs. */
  abstract readonly url: Secret | undefined;
  /** True: nobody else uses this database. */
  abstract readonly isEmbedded: boolean;
  abstract readonly poolSize: number;
  abstract readonly redisUrl: Secret | undefined;
}

export abstract class HttpConfig {
  abstract readonly trustedProxyHops: number;
  abstract readonly corsOrigins: readonly string[];
  /** Host names without port; empty: every host. */
  abstract readonly allowedHosts: readonly string[];
  abstract readonly metricsToken: Secret | undefined;
  abstract readonly docsEnabled: boolean;
  abstract readonly bodyLimitBytes: number;
  abstract readonly headersTimeoutMs: number;
  abstract readonly requestTimeoutMs: number;
  /** How long the reader of a stream may take for one piece of at most 64 KiB. */
  abstract readonly streamWriteTimeoutMs: number;
}

export abstract class AuthConfig {
  /** `undefined` outside production: generated once and kept in the data folder. */
  abstract readonly jwtSecret: Secret | undefined;
  abstract readonly issuer: string;
  abstract readonly audience: string;
  abstract readonly isRegistrationEnabled: boolean;
  abstract readonly adminEmail: string | undefined;
  abstract readonly adminPassword: Secret | undefined;
  abstract readonly accessTtlSeconds: number;
  abstract readonly refreshTtlSeconds: number;
  /** A known account for trying Perch out. Never in production. */
  abstract readonly isDemoAccountEnabled: boolean;
  /** Whose tokens are taken besides our own. `undefined`: nobody's. */
  abstract readonly identityProvider: IdentityProviderConfig | undefined;
}

export interface IdentityProviderConfig {
  /** Where its public keys are. */
  readonly jwksUri: string;
  readonly issuer: string;
  /** A token must be for one of them. */
  readonly audiences: readonly string[];
  /** Never one that is keyed with a shared secret. */
  readonly algorithms: readonly string[];
  readonly claims: IdentityClaims;
}

export abstract class MailConfig {
  /** `undefined`: mail is not sent, only told of in the log. */
  abstract readonly smtpUrl: Secret | undefined;
  abstract readonly from: string;
  /** Of the frontend's pages that take the tokens of mails. `undefined`: mails have the token alone. */
  abstract readonly linkBaseUrl: string | undefined;
  /** Who has no mail server while developing finds the token in the log. Never in production. */
  abstract readonly areTokensLogged: boolean;
}

export interface ProviderConnectionConfig {
  readonly apiKey: Secret | undefined;
  readonly baseUrl: string | undefined;
}

export abstract class ProvidersConfig {
  abstract readonly defaultProvider: ProviderName;
  /** The default model's id. */
  abstract readonly defaultModel: string;
  abstract readonly connections: Readonly<Record<ProviderName, ProviderConnectionConfig>>;
  abstract readonly models: readonly ConfiguredModel[];
  /** Keys that entries of `models` name, by the variable's name. */
  abstract readonly modelKeys: ReadonlyMap<string, Secret>;
  abstract readonly fallbackModels: readonly string[];
  abstract readonly allowUnpricedModels: boolean;
  abstract readonly azureDeployment: string | undefined;
  abstract readonly azureApiVersion: string;
  abstract readonly firstTokenTimeoutMs: number;
  abstract readonly stallTimeoutMs: number;
  abstract readonly requestTimeoutMs: number;
  abstract readonly breakerOpenMs: number;
  /** Kinds of personal data that vendors see placeholders of; empty: they see everything. */
  abstract readonly maskedKinds: ReadonlySet<PersonalDataKind>;
  /** ISO 3166 of phone numbers that are written without a country's prefix. */
  abstract readonly maskedPhoneCountry: string | undefined;
  /** Pause between two words of the scripted provider. */
  abstract readonly scriptedDelayMs: number;
  abstract readonly embeddings: EmbeddingsConfig;
}

/** `local`: within this process. */
export type EmbeddingsConfig =
  | { readonly provider: 'local' }
  | {
      readonly provider: 'openai-compatible';
      readonly model: string;
      readonly baseUrl: string;
      readonly apiKey: Secret | undefined;
      readonly pricePerToken: PicoUsd | undefined;
      readonly timeoutMs: number;
    };

export abstract class AgentConfig {
  /** As configured; `agent-definitions.ts` adds `default`. */
  abstract readonly agents: readonly AgentDefinition[];
  abstract readonly maxSteps: number;
  abstract readonly maxToolCallsPerStep: number;
  abstract readonly toolConcurrency: number;
  /** The same call this many times in a row ends the run. */
  abstract readonly maxRepeatedCalls: number;
  abstract readonly runTimeoutMs: number;
  /** A model call and its tools. */
  abstract readonly stepTimeoutMs: number;
  /** Background runs of one user at the same time, over all processes. */
  abstract readonly backgroundRunsPerUser: number;
  /** Background runs in this process at the same time. */
  abstract readonly backgroundConcurrency: number;
  abstract readonly maxQueuedRunsPerUser: number;
  /** How long a process may be silent before its runs count as lost. */
  abstract readonly leaseSeconds: number;
  abstract readonly maxTokens: number;
  abstract readonly temperature: number;
  abstract readonly isStreamingEnabled: boolean;
  abstract readonly areToolsEnabled: boolean;
  abstract readonly isConversationMemoryEnabled: boolean;
  /** Vendors are asked to keep what they have read of a conversation. */
  abstract readonly isPromptCachingEnabled: boolean;
  abstract readonly conversationTtlHours: number;
  /** Facts that users want remembered are kept, for those who say so. */
  abstract readonly isLongTermMemoryEnabled: boolean;
  /** Per user. */
  abstract readonly maxMemoryFacts: number;
  /** How earlier turns are found that a message is about: not at all, by their words, or also by what they mean. */
  abstract readonly recall: 'off' | 'text' | 'hybrid';
  abstract readonly summaries: {
    readonly isEnabled: boolean;
    /** What is not summed up yet may be so long, by our own count. */
    readonly afterTokens: number;
  };
  abstract readonly areTitlesEnabled: boolean;
  /** Writes summaries and titles. `undefined`: the default model. */
  abstract readonly summaryModel: string | undefined;
}

/** What becomes of what models say before anybody sees it. */
export abstract class OutputConfig {
  /** Which links lose their address: in conversations that have read what strangers wrote (images in all), in all, or none. */
  abstract readonly links: 'strip-untrusted' | 'strip' | 'off';
  /** Hosts that links may always lead to: `example.com`, or `*.example.com` for all under it. */
  abstract readonly allowedHosts: readonly string[];
  abstract readonly areSecretsRedacted: boolean;
  /** An answer ends where it begins to repeat the system prompt or its canary. */
  abstract readonly areLeaksCut: boolean;
}

export abstract class ToolsConfig {
  abstract readonly rules: ToolRules;
  /** Executions in this process at the same time. */
  abstract readonly processConcurrency: number;
  abstract readonly breakerOpenMs: number;
  /** What a call that needs a person, because of what its run has read, gets: one, a refusal, or its way. */
  abstract readonly taintPolicy: 'approve' | 'refuse' | 'off';
  /** Hosts that may be sent anything, also by a run that has read what strangers wrote; `*.example.com` for all below. */
  abstract readonly trustedHosts: readonly string[];
  /** How long a call waits for somebody to agree to it. */
  abstract readonly approvalTtlMs: number;
  /** HTTP APIs that agents may use; `openapi/` makes tools of them. */
  abstract readonly httpApis: readonly HttpApi[];
  /** By the name of the variable, as the credentials of `httpApis` name it. */
  abstract readonly httpCredentials: ReadonlyMap<string, Secret>;
  abstract readonly mcpServers: readonly McpServerSettings[];
  /** Credentials that entries of `mcpServers` name, by the setting's name. */
  abstract readonly mcpCredentials: ReadonlyMap<string, Secret>;
  /** PATH of programs that are MCP servers. */
  abstract readonly mcpPath: string | undefined;
  /** A tool that no administrator has seen yet is offered as it is. */
  abstract readonly isMcpTrustedOnFirstUse: boolean;
  /** Threads in this process that compute for tools at the same time. */
  abstract readonly computeConcurrency: number;
  /** Of what the model hands to `run_code`: its time, and the memory of what it makes. */
  abstract readonly code: { readonly timeoutMs: number; readonly memoryMb: number };
  /** What `database_query` reads. */
  abstract readonly database: {
    /** Of a restricted role on an application database. */
    readonly url: Secret | undefined;
    readonly schemas: readonly string[];
    /** Without a URL: the example in Perch's own database. */
    readonly isExampleEnabled: boolean;
    readonly timeoutMs: number;
    readonly maxRows: number;
    readonly maxBytes: number;
  };
  abstract readonly web: WebConfig;
  /** `undefined`: nobody searches. */
  abstract readonly search: SearchConfig | undefined;
}

export interface WebConfig {
  /** Requests of this process to public hosts at the same time. */
  readonly concurrency: number;
  /** Requests of this process to each origin that the operator named, at the same time. */
  readonly originConcurrency: number;
  /** For a page with its redirects, or a search. */
  readonly timeoutMs: number;
  /** Of a page after decompression. */
  readonly maxBytes: number;
  /** Of a page's text in one result; `start_index` reads on. */
  readonly maxCharacters: number;
}

export interface SearchConfig {
  readonly engine: 'searxng' | 'brave' | 'tavily';
  /** Of the engine: an address of the operator's, in their network or not. */
  readonly url: string;
  readonly apiKey: Secret | undefined;
}

export interface TierLimits {
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
}

export abstract class RateLimitConfig {
  abstract readonly tiers: Readonly<Record<Tier, TierLimits>>;
  abstract readonly isCostTrackingEnabled: boolean;
  abstract readonly maxDailyCostPerUser: PicoUsd;
  abstract readonly maxMonthlyCostPerUser: PicoUsd | undefined;
  abstract readonly maxCostPerRun: PicoUsd | undefined;
  /** Of all users together. */
  abstract readonly installationDailyCost: PicoUsd | undefined;
  /** Budgets while Redis is configured and away. `refuse`: nothing is spent. `local`: each process counts for itself. */
  abstract readonly withoutRedis: 'refuse' | 'local';
  /** Requests from one client address, over all routes but the probes. 0: no limit. */
  abstract readonly perAddressPerMinute: number;
  /** Attempts to log in, register or refresh from one client address, and to log into one account. 0: no limit. */
  abstract readonly loginsPerMinute: number;
  abstract readonly alertWebhookUrl: string | undefined;
  /** Signs what is sent to the webhook (HMAC-SHA-256). */
  abstract readonly alertWebhookSecret: Secret | undefined;
}

export interface GuardrailJudgeConfig {
  readonly url: string;
  readonly apiKey: Secret | undefined;
  readonly model: string | undefined;
  readonly timeoutMs: number;
}

/** Scores are from 0 to 1. */
export abstract class GuardrailConfig {
  abstract readonly isEnabled: boolean;
  /** From here on a user's text is refused. */
  abstract readonly blockScore: number;
  /** From here on a user's text is suspicious. */
  abstract readonly flagScore: number;
  /** From here on what a tool brings is suspicious. */
  abstract readonly toolFlagScore: number;
  /** What the model sees of suspicious text of tools: it with a warning, or the warning alone. */
  abstract readonly toolAction: 'mark' | 'quarantine';
  /** `undefined`: no second opinion. */
  abstract readonly judge: GuardrailJudgeConfig | undefined;
}

export interface AppConfig {
  readonly process: ProcessConfig;
  readonly database: DatabaseConfig;
  readonly http: HttpConfig;
  readonly auth: AuthConfig;
  readonly mail: MailConfig;
  readonly providers: ProvidersConfig;
  readonly agent: AgentConfig;
  readonly output: OutputConfig;
  readonly tools: ToolsConfig;
  readonly rateLimit: RateLimitConfig;
  readonly guardrail: GuardrailConfig;
}

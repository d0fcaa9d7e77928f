import type { NestExpressApplication } from '@nestjs/platform-express';
import { loadConfig } from '../../../src/config/load-config.js';
import { createApp } from '../../../src/create-app.js';
import { Secret } from '../../../src/config/secret.js';
import { createTestDatabase } from '../servers/test-database.js';
import { ApiClient, readMetric, registerUser } from './api-client.js';

export interface TestPerch {
  readonly app: NestExpressApplication;
  readonly url: string;
  readonly database: Awaited<ReturnType<typeof createTestDatabase>>;
  /** Registers an account of its own and speaks with its token. */
  user(): Promise<ApiClient>;
  /** Speaks without a token. */
  anonymous(): ApiClient;
  /** The value of a metric line, or 0: `agent_requests_total{status="completed"}`. */
  metric(line: string): Promise<number>;
  stop(): Promise<void>;
}

/** Limits are wide, the model answers without a pause, and nobody waits at the end. */
export const TEST_ENVIRONMENT: Readonly<Record<string, string>> = {
  NODE_ENV: 'test',
  PORT: '0',
  AUTH_JWT_SECRET: 'a-signing-secret-for-tests-only-0123456789',
  AI_FREE_TIER_RPM: '100000',
  AI_FREE_TIER_TPM: '1000000000',
  AI_BASIC_TIER_RPM: '100000',
  AI_BASIC_TIER_TPM: '1000000000',
  AI_PRO_TIER_RPM: '100000',
  AI_PRO_TIER_TPM: '1000000000',
  RATE_LIMIT_IP_PER_MINUTE: '0',
  RATE_LIMIT_LOGIN_PER_MINUTE: '0',
  AI_SCRIPTED_DELAY_MS: '0',
  PERCH_DEMO_ACCOUNT: 'false',
  PERCH_TOOL_DATABASE_EXAMPLE: 'false',
  PERCH_SHUTDOWN_GRACE_SECONDS: '0',
};

/**
 * The whole application in this process, set up as `TEST_ENVIRONMENT` and `env` say, on a database of its own; or on that
 * of `other`, as its second replica, which is stopped first.
 */
export async function startTestPerch(
  env: Readonly<Record<string, string>> = {},
  other?: TestPerch,
): Promise<TestPerch> {
  const database = other?.database ?? (await createTestDatabase());
  const config = loadConfig({ ...TEST_ENVIRONMENT, LOG_LEVEL: 'silent', ...env });
  const app = await createApp({
    ...config,
    database: { ...config.database, url: new Secret(database.url), isEmbedded: false },
  });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    app,
    url,
    database,
    user: () => registerUser(url),
    anonymous: () => new ApiClient(url),
    metric: (line) => readMetric(url, line),
    async stop() {
      await app.close();
      if (!other) await database.drop();
    },
  };
}

/** Settings that point a provider at a model server. */
export function compatibleWith(
  baseUrl: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    AI_PROVIDER: 'openai-compatible',
    AI_BASE_URL: `${baseUrl}/v1`,
    AI_MODEL: 'test-model',
    AI_MODELS: JSON.stringify([{ id: 'test-model', price: { input: '1', output: '2', cache_read: '0.1' } }]),
    ...more,
  };
}

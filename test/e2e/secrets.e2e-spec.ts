import { spawn } from 'node:child_process';
import { ModelServer } from '../support/model-server/model-server.js';
import { createTestDatabase } from '../support/servers/test-database.js';

const CANARIES = {
  apiKey: 'sk-canary-aaaaaaaaaaaa-1111',
  jwtSecret: 'canary-signing-secret-bbbbbbbbbbbbbbbb-2222',
  password: 'canary-password-cccccccc-3333',
  adminPassword: 'canary-admin-dddddddd-4444',
  metricsToken: 'canary-metrics-eeeeeeee-5555',
  webhookSecret: 'canary-webhook-ffffffff-6666',
  webhookPath: 'canary-hook-gggggggg-7777',
};

/** The built application as its own process, so that everything it prints is seen. */
describe('secrets', () => {
  it('appear nowhere, whatever fails', async () => {
    const models = await ModelServer.start();
    const database = await createTestDatabase();
    const perch = spawn(process.execPath, ['dist/main.js'], {
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'test',
        LOG_LEVEL: 'trace',
        PORT: '0',
        DATABASE_URL: database.url,
        AUTH_JWT_SECRET: CANARIES.jwtSecret,
        AUTH_ADMIN_EMAIL: 'admin@example.com',
        AUTH_ADMIN_PASSWORD: CANARIES.adminPassword,
        METRICS_TOKEN: CANARIES.metricsToken,
        PERCH_ALERT_WEBHOOK_URL: `http://127.0.0.1:9/${CANARIES.webhookPath}`,
        PERCH_ALERT_WEBHOOK_SECRET: CANARIES.webhookSecret,
        AI_PROVIDER: 'openai-compatible',
        AI_BASE_URL: `${models.url}/v1`,
        AI_API_KEY: CANARIES.apiKey,
        AI_MODEL: 'test-model',
        RATE_LIMIT_LOGIN_PER_MINUTE: '0',
        AI_FREE_TIER_RPM: '1000',
        AI_FREE_TIER_TPM: '10000000',
        AI_STALL_TIMEOUT_MS: '200',
        AI_FIRST_TOKEN_TIMEOUT_MS: '200',
        AI_REQUEST_TIMEOUT_MS: '2000',
        AI_BREAKER_OPEN_MS: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    const seen: string[] = [];
    const url = await new Promise<string>((resolve, reject) => {
      const read = (data: Buffer): void => {
        printed += data.toString();
        const started = /"event":"perch.started","url":"([^"]+)"/.exec(printed);
        if (started) resolve(started[1]!);
      };
      perch.stdout.on('data', read);
      perch.stderr.on('data', read);
      perch.once('exit', (code) => reject(new Error(`it ended with ${code}: ${printed}`)));
    });

    const ask = async (
      path: string,
      init: RequestInit & { headers?: Record<string, string> } = {},
    ): Promise<Response> => {
      const response = await fetch(`${url}${path}`, init);
      seen.push(JSON.stringify([...response.headers]), await response.clone().text());
      return response;
    };
    const json = (
      token: string | undefined,
      body: unknown,
    ): RequestInit & { headers: Record<string, string> } => ({
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

    const email = 'canary@example.com';
    const registered = await fetch(
      `${url}/api/v1/auth/register`,
      json(undefined, { email, password: CANARIES.password }),
    );
    const tokens = (await registered.json()) as { access_token: string; refresh_token: string };
    const token = tokens.access_token;

    // Twenty ways to fail.
    const chat = '/api/v1/agent/chat';
    const failModel = (fault: object): void => void models.enqueue({ fault } as never);
    await ask('/api/v1/auth/register', json(undefined, { email, password: CANARIES.password }));
    await ask('/api/v1/auth/login', json(undefined, { email, password: `${CANARIES.password}x` }));
    await ask(
      '/api/v1/auth/login',
      json(undefined, { email: 'nobody@example.com', password: CANARIES.password }),
    );
    await ask('/api/v1/auth/login', json(undefined, { email, pasword: CANARIES.password }));
    await ask('/api/v1/auth/login', json(undefined, `{"email":"${email}","password":"${CANARIES.password}`));
    await ask('/api/v1/auth/refresh', json(undefined, { refresh_token: `${tokens.refresh_token}x` }));
    await ask('/api/v1/auth/me', { headers: { authorization: `Bearer ${token}x` } });
    await ask('/api/v1/auth/me', { headers: { authorization: `Basic ${token}` } });
    await ask(`/api/v1/auth/me?token=${token}`);
    await ask(`/api/v1/nowhere?key=${CANARIES.apiKey}`, { headers: { authorization: `Bearer ${token}` } });
    await ask('/metrics', { headers: { authorization: `Bearer ${CANARIES.metricsToken}x` } });
    await ask(chat, json(token, { message: 'hi', model: CANARIES.apiKey }));
    await ask(chat, json(token, { message: 'hi', [CANARIES.password]: 1 }));
    await ask(chat, json(token, { message: 'hi', session_id: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1' }));
    for (const status of [400, 401, 403, 404, 500]) {
      failModel({ status, body: { error: { message: `Incorrect API key provided: ${CANARIES.apiKey}` } } });
      if (status === 500) models.always({ fault: { status, body: CANARIES.apiKey } });
      await ask(chat, json(token, { message: 'hi' }));
    }
    models.reset().always({ text: 'a b c', chunkSize: 1, fault: { resetAfterEvents: 3 } });
    await ask(`${chat}/stream`, json(token, { message: 'hi' }));
    models
      .reset()
      .always({ fault: { rawSse: `data: {"error":{"message":"bad key ${CANARIES.apiKey}"}}\n\n` } });
    await ask(chat, json(token, { message: 'hi' }));
    models.reset().always({ text: 'x', fault: { stallAfterEvents: 1 } });
    await ask(chat, json(token, { message: 'hi' }));
    models.reset().always({ toolCalls: [{ name: 'calculator', arguments: '{"expression":' }] });
    await ask(chat, json(token, { message: 'hi' }));
    await ask('/api/v1/agent/tools/calculator', json(token, { expression: CANARIES.apiKey }));
    const metrics = await ask('/metrics', { headers: { authorization: `Bearer ${CANARIES.metricsToken}` } });
    expect(metrics.status).toBe(200);

    const ended = new Promise<number | null>((resolve) => perch.once('exit', resolve));
    perch.kill('SIGTERM');
    expect(await ended).toBe(0);
    await database.drop();
    await models.stop();

    expect(seen.length).toBeGreaterThanOrEqual(40);
    expect(printed).toContain('"event"');
    // A member that the caller made up is named back to that caller alone; it must not be in a log.
    const everything = [printed, ...seen.filter((text) => !text.includes('/canary-password'))].join('\n');
    const secrets = [...Object.values(CANARIES), token, tokens.refresh_token, token.split('.')[2]!];
    expect(secrets.filter((secret) => everything.includes(secret))).toEqual([]);
    expect(printed).not.toContain('canary@example.com');
  });
});

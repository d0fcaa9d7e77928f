import { spawn } from 'node:child_process';
import { ModelServer } from '../support/model-server/model-server.js';
import { ShopServer } from '../support/http-api/shop-server.js';
import { createTestDatabase } from '../support/servers/test-database.js';
import { testRedisUrl } from '../support/servers/test-redis.js';

const CANARIES = {
  apiKey: 'sk-canary-aaaaaaaaaaaa-1111',
  jwtSecret: 'canary-signing-secret-bbbbbbbbbbbbbbbb-2222',
  password: 'canary-password-cccccccc-3333',
  adminPassword: 'canary-admin-dddddddd-4444',
  metricsToken: 'canary-metrics-eeeeeeee-5555',
  webhookSecret: 'canary-webhook-ffffffff-6666',
  webhookPath: 'canary-hook-gggggggg-7777',
  databasePassword: 'canary-database-hhhhhhhh-8888',
  redisPassword: 'canary-redis-iiiiiiii-9999',
  smtpPassword: 'canary-smtp-jjjjjjjj-1010',
  httpToolToken: 'canary-shop-kkkkkkkk-1111',
  mcpToken: 'canary-tickets-llllllll-1212',
  userCredential: 'canary-credential-mmmmmmmm-1313',
  callersKey: 'canary-callers-key-nnnnnnnn-1414',
  userText: 'canary-words-of-a-user-oooooooo-1515',
};

/** The address with this password, unless it has one already, which is then the one to look for. */
function withPassword(address: string, password: string): { url: string; password: string } {
  const url = new URL(address);
  if (url.password === '') url.password = password;
  return { url: url.href, password: url.password };
}

/** What a process prints, and how it ends, when neither database nor Redis are there. */
async function failedStart(): Promise<{ code: number | null; printed: string }> {
  const perch = spawn(process.execPath, ['dist/main.js'], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'test',
      LOG_LEVEL: 'trace',
      PORT: '0',
      DATABASE_URL: `postgres://perch:${CANARIES.databasePassword}@127.0.0.1:1/perch`,
      REDIS_URL: `redis://:${CANARIES.redisPassword}@127.0.0.1:1`,
      AUTH_JWT_SECRET: CANARIES.jwtSecret,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [perch.stdout, perch.stderr])
    stream.on('data', (data: Buffer) => (printed += data.toString()));
  const code = await new Promise<number | null>((resolve) => perch.once('exit', resolve));
  return { code, printed };
}

/** The built application as its own process, so that everything it prints is seen. */
describe('F60: secrets', () => {
  it('appear nowhere, whatever fails', async () => {
    const models = await ModelServer.start();
    const shop = await ShopServer.start();
    const database = await createTestDatabase();
    const storage = withPassword(database.url, CANARIES.databasePassword);
    const redisUrl = testRedisUrl();
    const redis = redisUrl === undefined ? undefined : withPassword(redisUrl, CANARIES.redisPassword);
    // Waits to be delivered, to where nobody listens.
    await database.dataSource.query(
      `WITH account AS (
         INSERT INTO user_account (id, kind, name, tier, roles, permissions, created_at, updated_at)
         VALUES (gen_random_uuid(), 'service', 'spends', 'free', '{user}', '{}', now(), now()) RETURNING id)
       INSERT INTO alert (id, user_id, kind, scope, threshold, period, limit_usd, spent_usd, created_at, next_attempt_at)
       VALUES (gen_random_uuid(), (SELECT id FROM account), 'budget', 'daily_cost', 80, '2026-11-30', 1, 1, now(), now())`,
    );
    const startsInVain = failedStart();
    const perch = spawn(process.execPath, ['dist/main.js'], {
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'test',
        LOG_LEVEL: 'trace',
        PORT: '0',
        DATABASE_URL: storage.url,
        ...(redis ? { REDIS_URL: redis.url } : {}),
        MAIL_FROM: 'perch@example.com',
        MAIL_SMTP_URL: `smtp://perch:${CANARIES.smtpPassword}@127.0.0.1:9`,
        SHOP_TOKEN: CANARIES.httpToolToken,
        PERCH_HTTP_TOOLS: JSON.stringify([
          {
            name: 'shop',
            document: 'docs/examples/shop.openapi.yaml',
            base_url: shop.url,
            operations: ['getOrder'],
            credentials: [
              { in: 'header', name: 'Authorization', value_env: 'SHOP_TOKEN', prefix: 'Bearer ' },
            ],
          },
        ]),
        TICKETS_TOKEN: CANARIES.mcpToken,
        PERCH_MCP_SERVERS: JSON.stringify([
          {
            name: 'tickets',
            url: 'http://127.0.0.1:9/mcp',
            token_env: 'TICKETS_TOKEN',
            user_credentials: true,
          },
        ]),
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

    // More than thirty ways to fail.
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
    await ask('/api/v1/auth/me', { headers: { authorization: `Bearer ${CANARIES.callersKey}` } });
    await ask('/api/v1/auth/me', { headers: { 'x-api-key': CANARIES.callersKey } });
    await ask(`/api/v1/auth/me?api_key=${CANARIES.callersKey}`);
    await ask(`/api/v1/nowhere?key=${CANARIES.apiKey}`, { headers: { authorization: `Bearer ${token}` } });
    await ask('/metrics', { headers: { authorization: `Bearer ${CANARIES.metricsToken}x` } });
    await ask(chat, json(token, { message: 'hi', model: CANARIES.apiKey }));
    await ask(chat, json(token, { message: 'hi', [CANARIES.password]: 1 }));
    await ask(chat, json(token, { message: 'hi', session_id: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1' }));
    for (const status of [400, 401, 403, 404, 500]) {
      failModel({ status, body: { error: { message: `Incorrect API key provided: ${CANARIES.apiKey}` } } });
      if (status === 500) models.always({ fault: { status, body: CANARIES.apiKey } });
      await ask(chat, json(token, { message: CANARIES.userText }));
    }
    models.reset().always({ text: 'a b c', chunkSize: 1, fault: { resetAfterEvents: 3 } });
    await ask(`${chat}/stream`, json(token, { message: CANARIES.userText }));
    models
      .reset()
      .always({ fault: { rawSse: `data: {"error":{"message":"bad key ${CANARIES.apiKey}"}}\n\n` } });
    await ask(chat, json(token, { message: CANARIES.userText }));
    models.reset().always({ text: 'x', fault: { stallAfterEvents: 1 } });
    await ask(chat, json(token, { message: CANARIES.userText }));
    models.reset().always({ toolCalls: [{ name: 'calculator', arguments: '{"expression":' }] });
    await ask(chat, json(token, { message: CANARIES.userText }));
    await ask('/api/v1/agent/tools/calculator', json(token, { expression: CANARIES.apiKey }));
    await ask('/api/v1/agent/tools/calculator', json(token, { expression: CANARIES.userText }));
    await ask('/api/v1/agent/tools/calculator', json(token, { [CANARIES.userText]: 1 }));
    const getOrder = '/api/v1/agent/tools/shop_getOrder';
    const order = json(token, { orderId: 'A-1007' });
    shop.nextJson(401, { error: `bad token ${CANARIES.httpToolToken}` });
    await ask(getOrder, order);
    shop.nextText(500, `<pre>Authorization: Bearer ${CANARIES.httpToolToken}</pre>`, 'text/html');
    await ask(getOrder, order);
    shop.next((response) => response.destroy());
    await ask(getOrder, order);
    const credential = (server: string, body: object): Promise<Response> =>
      ask(`/api/v1/agent/tools/credentials/${server}`, { ...json(token, body), method: 'PUT' });
    expect((await credential('tickets', { credential: CANARIES.userCredential })).status).toBe(204);
    await credential('no-such-server', { credential: CANARIES.userCredential });
    await credential('tickets', { credential: { value: CANARIES.userCredential } });
    const metrics = await ask('/metrics', { headers: { authorization: `Bearer ${CANARIES.metricsToken}` } });
    expect(metrics.status).toBe(200);
    const [trail] = await database.dataSource.query<{ text: string }[]>(
      `SELECT string_agg(e::text, ' ') AS text FROM audit_entry e`,
    );
    expect(trail!.text).toContain('shop_getOrder');

    // And without its database.
    await database.drop();
    expect((await ask(chat, json(token, { message: CANARIES.userText }))).status).toBe(503);
    await ask('/health/ready');

    const ended = new Promise<number | null>((resolve) => perch.once('exit', resolve));
    perch.kill('SIGTERM');
    expect(await ended).toBe(0);
    await models.stop();
    await shop.stop();
    const inVain = await startsInVain;
    expect(inVain.code).not.toBe(0);
    expect(inVain.printed).toContain('ECONNREFUSED');

    expect(seen.length).toBeGreaterThanOrEqual(70);
    expect(printed).toContain('"event"');
    // A member that the caller made up is named back to that caller alone; it must not be in a log.
    const answers = seen.filter((text) => !text.includes('"pointer":"/canary-'));
    const everything = [printed, inVain.printed, trail!.text, ...answers].join('\n');
    const secrets = [
      ...[...Object.values(CANARIES), storage.password, redis?.password ?? CANARIES.redisPassword],
      ...[token, tokens.refresh_token, token.split('.')[2]!],
    ];
    expect(secrets.filter((secret) => everything.includes(secret))).toEqual([]);
    expect(printed).not.toContain('canary@example.com');
  });
});

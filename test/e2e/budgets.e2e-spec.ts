import type { ReceivedRequest } from '../support/model-server/model-server.js';
import { ModelServer } from '../support/model-server/model-server.js';
import { ApiClient } from '../support/perch/api-client.js';
import { lastUserText, oneTool, storyOf } from '../support/perch/conversation-script.js';
import { collect, readStream } from '../support/perch/follow-run.js';
import type { Replica } from '../support/perch/replica.js';
import {
  type Replicas,
  REPLICAS_TIMEOUT_MS,
  type ReplicaUser,
  startReplicas,
} from '../support/perch/replicas.js';
import { compatibleWith } from '../support/perch/test-perch.js';
import { describeWithOwnRedis, type OwnRedis, startOwnRedis } from '../support/servers/own-redis.js';
import { until } from '../support/until.js';

const CHAT = '/api/v1/agent/chat';
/** Dollars per token; a call of these tests costs exactly what the model server reports. */
const INPUT_PRICE = 10 / 1_000_000;
const OUTPUT_PRICE = 50 / 1_000_000;
const USAGE = { input: 400, output: 100 };
const CALL_COST = USAGE.input * INPUT_PRICE + USAGE.output * OUTPUT_PRICE;

const model = (id: string, baseUrl: string, price = { input: '10', output: '50' }): object => ({
  id,
  base_url: baseUrl,
  price,
  context_window: 100_000,
});

interface Usage {
  readonly tier: string;
  readonly windows: Record<string, { limit: number; used: number; reserved: number; remaining: number }>;
  readonly budgets: Record<
    string,
    { limit: string | null; used: string; reserved: string; remaining: string | null }
  >;
}

describeWithOwnRedis('a cap', () => {
  let redis: OwnRedis;
  let models: ModelServer;
  let replicas: Replicas;
  let one: Replica;
  let two: Replica;
  let ada: ReplicaUser;
  let charged: number;
  beforeAll(async () => {
    redis = await startOwnRedis();
    models = await ModelServer.start();
    replicas = await startReplicas({
      count: 2,
      redisUrl: redis.url,
      env: {
        ...compatibleWith(models.url),
        AI_MODEL: 'priced',
        AI_MODELS: JSON.stringify([model('priced', models.url)]),
        AI_MAX_DAILY_COST_PER_USER: '1.0',
        AI_MAX_TOKENS: String(USAGE.output),
        AI_FREE_TIER_TPM: '1000000',
        AI_FREE_TIER_RPM: '1000',
        AI_BASIC_TIER_RPM: '3',
        AUTH_ADMIN_EMAIL: 'root@example.com',
        AUTH_ADMIN_PASSWORD: 'correct horse battery',
      },
    });
    [one, two] = replicas.all as [Replica, Replica];
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    await replicas.stop();
    await models.stop();
    await redis.stop();
  }, REPLICAS_TIMEOUT_MS);
  beforeEach(async () => {
    charged = 0;
    models.reset().always(answers);
    ada = await replicas.user();
  });

  /** Answers, and books what a vendor would charge: for what was read when it begins, for what was written at the end. */
  function answers(request: ReceivedRequest): {
    text: string;
    usage: typeof USAGE;
    delayMs: number;
    chunkSize: number;
  } {
    charged += CALL_COST;
    return { text: `answer to ${lastUserText(request)}`, usage: USAGE, delayMs: 2, chunkSize: 10 };
  }

  const usageOf = async (replica: Replica, user = ada): Promise<Usage> =>
    (await (await user.on(replica).get('/api/v1/usage')).json()) as Usage;

  it('of requests lets exactly so many through, and the headers agree', async () => {
    await setTier('basic');
    const answersOf = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        ada.on(index % 2 === 0 ? one : two).post(
          CHAT,
          { message: 'hi' },
          {
            headers: { 'x-forwarded-for': `10.0.0.${index}` },
          },
        ),
      ),
    );
    const passed = answersOf.filter(({ status }) => status === 200);
    expect(passed).toHaveLength(3);
    const remaining = passed.map(({ headers }) => Number(headers.get('x-ratelimit-remaining')));
    expect(remaining.sort()).toEqual([0, 1, 2]);
    const refused = answersOf.find(({ status }) => status === 429)!;
    expect(await refused.json()).toMatchObject({
      code: 'rate_limited',
      scope: 'requests_per_minute',
      limit: 3,
      remaining: 0,
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await usageOf(two)).windows.requests_per_minute).toMatchObject({
      limit: 3,
      used: 3,
      remaining: 0,
    });
    const counted = await Promise.all(
      [one, two].map((replica) => replica.metric('quota_refusals_total{scope="requests_per_minute"}')),
    );
    expect(counted[0]! + counted[1]!).toBe(37);
    // Also where nothing is spent.
    const looked = await ada.on(one).get('/api/v1/agent/conversations');
    expect([looked.status, looked.headers.get('x-ratelimit-remaining')]).toEqual([200, '0']);
  });

  it('says at once that a request could never fit, and lets the first of a new user pass', async () => {
    const never = await ada.on(one).post(CHAT, { message: 'hi', max_tokens: 1_000_000 });
    expect([never.status, await never.json()]).toMatchObject([422, { code: 'validation_failed' }]);
    expect((await ada.on(two).chat({ message: 'hi' })).content).toBe('answer to hi');
    expect(charged).toBeCloseTo(CALL_COST, 9);
  });

  it('that is met in the middle ends the run with what it has', async () => {
    await setLimits({ daily_cost: '0.030000' });
    const script = oneTool('append_line', { text: 'in the middle' });
    models.always((request) => ({
      ...script(request),
      text: 'So far.',
      usage: { input: 1_500, output: 100 },
    }));
    const { events } = await collect(
      readStream(await ada.on(one).post(`${CHAT}/stream`, { message: 'long' })),
    );
    expect(events.at(-1)).toMatchObject({
      event: 'run-end',
      data: { stop_reason: 'budget', content: 'So far.', cost_usd: '0.020000' },
    });
    expect(models.requests).toHaveLength(1);
    const refused = await ada.on(two).post(CHAT, { message: 'more', max_tokens: 100 });
    expect([refused.status, await refused.json()]).toMatchObject([
      429,
      { code: 'budget_exceeded', scope: 'daily_cost', limit: '0.030000' },
    ]);
  });

  it('gives back what a run has not used, whoever left or failed', async () => {
    models.always({ fault: { status: 400 } });
    await ada.on(one).post(CHAT, { message: 'fails' });
    models.always(storyOf(400, { delayMs: 5 }));
    const leave = new AbortController();
    const asking = ada.on(one).post(CHAT, { message: 'leaves' }, { signal: leave.signal });
    asking.catch(() => undefined);
    await until(() => models.requests.length === 2);
    expect(Number((await usageOf(two)).budgets.daily_cost!.reserved)).toBeGreaterThan(0);
    expect(await one.metric('quota_reservations')).toBe(1);
    leave.abort();
    await until(async () => Number((await usageOf(two)).budgets.daily_cost!.reserved) === 0);
    expect(await one.metric('quota_reservations')).toBe(0);
    const { windows, budgets } = await usageOf(two);
    expect(windows.requests_per_minute!.used).toBe(1);
    expect(Number(budgets.daily_cost!.used)).toBeGreaterThan(0);
  });

  it('is not forgotten when Redis forgets everything', async () => {
    for (let index = 0; index < 5; index += 1) await ada.on(one).chat({ message: `spend ${index}` });
    const spent = (await usageOf(two)).budgets.daily_cost!.used;
    expect(Number(spent)).toBeCloseTo(5 * CALL_COST, 9);
    await setLimits({ daily_cost: '0.060000' });
    await redis.flush();
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const response = await ada.on(index % 2 === 0 ? one : two).post(CHAT, { message: 'again' });
        await response.text();
        return response.status;
      }),
    );
    expect(charged).toBeLessThanOrEqual(0.06 + 1e-9);
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(1);
    expect(Number((await usageOf(one)).budgets.daily_cost!.used)).toBeGreaterThanOrEqual(Number(spent));
    expect(await one.metric('quota_ledger_reads_total{book="user",outcome="ok"}')).toBeGreaterThan(0);
  });

  it('F19: lets nothing be spent while Redis is away, and comes back by itself', async () => {
    await redis.stop();
    const refused = await ada.on(one).post(CHAT, { message: 'blind' });
    expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'dependency_unavailable' }]);
    expect(refused.headers.get('retry-after')).toBeTruthy();
    expect(charged).toBe(0);
    await redis.start();
    await until(async () => (await ada.on(one).post(CHAT, { message: 'seeing' })).status === 200, 10_000);
  }, 30_000);

  it('is changed by an administrator on every replica within five seconds', async () => {
    expect((await usageOf(one)).windows.requests_per_minute!.limit).toBe(1000);
    await setTier('basic');
    for (const replica of [one, two]) {
      const { tier, windows } = await usageOf(replica);
      expect([tier, windows.requests_per_minute!.limit]).toEqual(['basic', 3]);
    }
    await setLimits({ requests_per_minute: 7 });
    expect((await usageOf(two)).windows.requests_per_minute!.limit).toBe(7);
  });

  it('that an administrator lowers ends a run that had begun before', async () => {
    const script = oneTool('append_line', { text: 'in the middle' }, { delayMs: 300 });
    models.always((request) => ({ ...script(request), usage: { input: 1_500, output: 100 } }));
    const reading = collect(readStream(await ada.on(one).post(`${CHAT}/stream`, { message: 'long' })));
    await until(() => models.requests.length === 1);
    await setLimits({ daily_cost: '0.030000' });
    expect((await reading).events.at(-1)).toMatchObject({
      event: 'run-end',
      data: { stop_reason: 'budget', cost_usd: '0.020000' },
    });
    expect(models.requests).toHaveLength(1);
  });

  it(
    'of the whole installation holds for all users together',
    async () => {
      const limited = await startReplicas({
        count: 1,
        redisUrl: redis.url,
        env: {
          ...compatibleWith(models.url),
          AI_MODEL: 'priced',
          AI_MODELS: JSON.stringify([model('priced', models.url)]),
          AI_MAX_TOKENS: String(USAGE.output),
          AI_GLOBAL_DAILY_COST: '0.03',
        },
      });
      try {
        await redis.flush();
        const [only] = limited.all as [Replica];
        const codes: unknown[] = [];
        for (let index = 0; index < 4; index += 1) {
          const user = await limited.user();
          const response = await user.on(only).post(CHAT, { message: `user ${index}` });
          const body = (await response.json()) as { code?: string; scope?: string };
          codes.push(body.scope ?? response.status);
        }
        expect(codes.slice(0, 2)).toEqual([200, 200]);
        expect(codes.at(-1)).toBe('installation_daily_cost');
        expect(charged).toBeLessThanOrEqual(0.03);
      } finally {
        await limited.stop();
      }
    },
    REPLICAS_TIMEOUT_MS,
  );

  async function asAdministrator(): Promise<ApiClient> {
    const login = await one.anonymous().post('/api/v1/auth/login', {
      email: 'root@example.com',
      password: 'correct horse battery',
    });
    const { access_token: token } = (await login.json()) as { access_token: string };
    return new ApiClient(one.url, token);
  }

  /** Waits until the change is known everywhere: five seconds are promised. */
  async function change(body: object, isKnown: (usage: Usage) => boolean): Promise<void> {
    const me = (await (await ada.on(one).get('/api/v1/auth/me')).json()) as { id: string };
    const root = await asAdministrator();
    const changed = await root.patch(`/api/v1/admin/users/${me.id}`, body);
    if (changed.status !== 200) throw new Error(await changed.text());
    for (const replica of [one, two]) await until(async () => isKnown(await usageOf(replica)), 5_000);
  }

  const setTier = (tier: string): Promise<void> => change({ tier }, (usage) => usage.tier === tier);

  const setLimits = (limits: { daily_cost?: string; requests_per_minute?: number }): Promise<void> =>
    change({ limits }, ({ budgets, windows }) =>
      limits.daily_cost === undefined
        ? windows.requests_per_minute!.limit === limits.requests_per_minute
        : budgets.daily_cost!.limit === limits.daily_cost,
    );
});

describe('a thousand requests at once', () => {
  let models: ModelServer;
  let replicas: Replicas;
  beforeAll(async () => {
    models = await ModelServer.start();
    replicas = await startReplicas({
      count: 4,
      env: compatibleWith(models.url, {
        AI_FREE_TIER_RPM: '100',
        AI_FREE_TIER_TPM: '1000000000',
      }),
    });
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    await replicas.stop();
    await models.stop();
  }, REPLICAS_TIMEOUT_MS);

  it(
    'of one user over four replicas: exactly as many pass as may, and everybody else is told when to come again',
    async () => {
      models.reset().always({ text: 'hello' });
      const ada = await replicas.user();
      const answers = await Promise.all(
        Array.from({ length: 1_000 }, async (_, index) => {
          const replica = replicas.all[index % replicas.all.length]!;
          const forged = {
            'x-forwarded-for': `10.${index % 256}.0.1`,
            forwarded: `for=10.0.0.${index % 256}`,
          };
          const response = await ada.on(replica).post(CHAT, { message: 'hi' }, { headers: forged });
          await response.text();
          return response;
        }),
      );
      const counts: Record<number, number> = {};
      for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
      expect(counts).toEqual({ 200: 100, 429: 900 });
      expect(models.requests).toHaveLength(100);
      const passed = answers.filter(({ status }) => status === 200);
      const remaining = passed.map(({ headers }) => Number(headers.get('x-ratelimit-remaining')));
      expect(remaining.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index));
      for (const { status, headers } of answers) {
        expect(headers.get('x-ratelimit-limit')).toBe('100');
        if (status === 429) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      }
      for (const replica of replicas.all) expect(replica.logged('redis.lost')).toEqual([]);
    },
    REPLICAS_TIMEOUT_MS,
  );
});

describeWithOwnRedis('a budget of one dollar', () => {
  let redis: OwnRedis;
  let models: ModelServer;
  let replicas: Replicas;
  beforeAll(async () => {
    redis = await startOwnRedis();
    models = await ModelServer.start();
    replicas = await startReplicas({
      count: 2,
      redisUrl: redis.url,
      env: {
        ...compatibleWith(models.url),
        AI_MODEL: 'priced',
        AI_MODELS: JSON.stringify([
          model('priced', models.url),
          model('dear', models.url, { input: '20', output: '100' }),
        ]),
        AI_FALLBACK_MODELS: 'dear',
        AI_MAX_DAILY_COST_PER_USER: '1.0',
        AI_MAX_TOKENS: String(USAGE.output),
        AI_FREE_TIER_TPM: '1000000',
        AI_FREE_TIER_RPM: '1000',
      },
    });
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    await replicas.stop();
    await models.stop();
    await redis.stop();
  }, REPLICAS_TIMEOUT_MS);

  it('holds over replicas, with fallbacks, clients that leave and a process that dies, and nothing of it is lost', async () => {
    const [one, two] = replicas.all as [Replica, Replica];
    const ada = await replicas.user();
    /** What a vendor would charge, for every call that it has begun to answer. */
    let charged = 0;
    let fallbacks = 0;
    models.always((request) => {
      const isDear = request.body.model === 'dear';
      if (!isDear && Number(lastUserText(request).slice(4)) % 5 === 0) return { fault: { status: 503 } };
      if (isDear) fallbacks += 1;
      charged += isDear ? 2 * CALL_COST : CALL_COST;
      return { text: `answer to ${lastUserText(request)}`, usage: USAGE, delayMs: 10, chunkSize: 10 };
    });
    const statuses: (number | 'lost')[] = [];
    const calls = Array.from({ length: 200 }, async (_, index) => {
      const leave = new AbortController();
      if (index % 7 === 0) setTimeout(() => leave.abort(), Math.random() * 150);
      try {
        const client = ada.on(index % 2 === 0 ? one : two);
        const response = await client.post(CHAT, { message: `run ${index}` }, { signal: leave.signal });
        await response.text();
        statuses.push(response.status);
      } catch {
        statuses.push('lost');
      }
    });
    await until(() => charged > 0.2, 15_000);
    await one.kill9();
    await Promise.all(calls);
    await one.restart();

    await until(async () => {
      const rows = await replicas.database.dataSource.query<unknown[]>(
        `SELECT 1 FROM run WHERE status IN ('queued', 'running')`,
      );
      return rows.length === 0;
    }, 20_000);
    expect(charged).toBeLessThanOrEqual(1.0);
    expect(charged).toBeGreaterThan(0.2);
    expect(fallbacks).toBeGreaterThan(0);
    expect(statuses).toContain(429);
    const daily = async (): Promise<{ used: string; reserved: string }> =>
      ((await (await ada.on(two).get('/api/v1/usage')).json()) as Usage).budgets.daily_cost!;
    await until(async () => Number((await daily()).reserved) === 0, 10_000);
    const [{ sum }] = await replicas.database.dataSource.query<[{ sum: string }]>(
      'SELECT sum(cost_usd) FROM usage_record',
    );
    expect(Number((await daily()).used)).toBeCloseTo(Number(sum), 9);
    expect(Number(sum)).toBeLessThanOrEqual(1.0);
    // Calls that were answered to their end are in the ledger with what the vendor's book says.
    const measured = await replicas.database.dataSource.query<{ model: string; cost_usd: string }[]>(
      `SELECT model, cost_usd FROM usage_record WHERE source = 'measured'`,
    );
    for (const { model: id, cost_usd: cost } of measured) {
      expect(Number(cost)).toBeCloseTo(id === 'dear' ? 2 * CALL_COST : CALL_COST, 9);
    }
  }, 90_000);
});

import { createHmac } from 'node:crypto';
import { SpendingAlerts } from '../../src/modules/agent/spending/spending-alerts.js';
import { parseUsd } from '../../src/shared/money/usd.js';
import { ApiClient } from '../support/perch/api-client.js';
import { startTestPerch, type TestPerch } from '../support/perch/test-perch.js';
import { aLedgerRow } from '../support/spending/ledger-rows.js';
import { WebhookReceiver } from '../support/spending/webhook-receiver.js';
import { until } from '../support/until.js';

const ADMIN = { AUTH_ADMIN_EMAIL: 'root@example.com', AUTH_ADMIN_PASSWORD: 'a-long-administrator-word' };
const SECRET = 'a-webhook-secret-for-tests';
const LIMITS = { requestsPerMinute: 1, tokensPerMinute: 1, dailyCost: parseUsd('2') };

describe('alerts about spending', () => {
  let receiver: WebhookReceiver;
  let perch: TestPerch;
  let admin: ApiClient;

  beforeAll(async () => {
    receiver = await WebhookReceiver.start();
    perch = await startTestPerch({
      ...ADMIN,
      PERCH_ALERT_WEBHOOK_URL: receiver.url,
      PERCH_ALERT_WEBHOOK_SECRET: SECRET,
    });
    const response = await perch
      .anonymous()
      .post('/api/v1/auth/login', { email: ADMIN.AUTH_ADMIN_EMAIL, password: ADMIN.AUTH_ADMIN_PASSWORD });
    admin = new ApiClient(perch.url, ((await response.json()) as { access_token: string }).access_token);
  });
  afterAll(async () => {
    await perch.stop();
    await receiver.stop();
  });

  const listed = async (): Promise<Record<string, unknown>[]> =>
    ((await (await admin.get('/api/v1/admin/alerts')).json()) as { alerts: Record<string, unknown>[] })
      .alerts;

  it('reach the webhook, signed, also when it fails at first; the list and the metrics say so', async () => {
    const user = await perch.user();
    const { id: userId } = (await (await user.get('/api/v1/auth/me')).json()) as { id: string };
    receiver.statuses.push(500);
    await aLedgerRow(perch.database.dataSource, { userId, cost: '1.2', admittedAt: new Date() });
    perch.app.get(SpendingAlerts, { strict: false }).afterSpending(userId, LIMITS);

    await until(async () => (await listed())[0]?.last_failure === 'HTTP 500');
    expect(await listed()).toEqual([
      expect.objectContaining({ user_id: userId, delivery: 'pending', delivery_attempts: 1 }),
    ]);
    // The pause is over; the poll finds it.
    await perch.database.dataSource.query('UPDATE alert SET next_attempt_at = clock_timestamp()');
    await until(async () => (await listed())[0]?.delivery === 'delivered', 10_000);

    expect(receiver.posts).toHaveLength(2);
    const { body, headers } = receiver.posts[1]!;
    const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-perch-signature']))!;
    expect(v1).toBe(createHmac('sha256', SECRET).update(`${t}.${body}`).digest('hex'));
    expect(Math.abs(Number(t) - Date.now() / 1000)).toBeLessThan(60);
    expect(JSON.parse(body)).toMatchObject({
      user_id: userId,
      kind: 'budget',
      scope: 'daily_cost',
      threshold: 50,
      limit: '2.000000',
      spent: '1.200000',
    });
    expect(await listed()).toEqual([
      expect.objectContaining({
        ...(JSON.parse(body) as object),
        delivery_attempts: 2,
        delivered_at: expect.any(String) as unknown,
      }),
    ]);
    expect(await perch.metric('quota_alerts_total{kind="budget",threshold="50"}')).toBe(1);
  });
});

import { createHmac } from 'node:crypto';
import { Counter, Registry } from 'prom-client';
import { v7 } from 'uuid';
import { OutboundClient } from '../../../../../src/modules/tools/index.js';
import { loadConfig } from '../../../../../src/config/load-config.js';
import { AlertDelivery, MAX_ATTEMPTS } from '../../../../../src/modules/agent/spending/alert-delivery.js';
import { AlertMetrics } from '../../../../../src/modules/agent/spending/alert-metrics.js';
import { AlertRepository } from '../../../../../src/modules/agent/spending/alert.repository.js';
import { AlertWebhook } from '../../../../../src/modules/agent/spending/alert-webhook.js';
import { SpendingAlerts } from '../../../../../src/modules/agent/spending/spending-alerts.js';
import { SpendingReportRepository } from '../../../../../src/modules/agent/spending/spending-report.repository.js';
import type { QuotaLimits } from '../../../../../src/modules/rate-limit/index.js';
import { uuidV7Ids } from '../../../../../src/shared/context/ids.js';
import { parseUsd } from '../../../../../src/shared/money/usd.js';
import { KeptLog } from '../../../../support/a-logger.js';
import { aUser } from '../../../../support/agent/agent-rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';
import { aLedgerRow } from '../../../../support/spending/ledger-rows.js';
import { WebhookReceiver } from '../../../../support/spending/webhook-receiver.js';
import { until } from '../../../../support/until.js';

const NOW = new Date('2026-11-25T14:30:00Z');
const SECRET = 'a-webhook-secret-for-tests';
const LIMITS: QuotaLimits = {
  requestsPerMinute: 1,
  tokensPerMinute: 1,
  dailyCost: parseUsd('10'),
  monthlyCost: parseUsd('100'),
};

/** What one process has of the alerts. */
interface Replica {
  readonly alerts: SpendingAlerts;
  readonly delivery: AlertDelivery;
  readonly log: KeptLog;
  readonly registry: Registry;
}

describe(SpendingAlerts.name, () => {
  let database: TestDatabase;
  let receiver: WebhookReceiver;
  const outbound = new OutboundClient({ publicConcurrency: 1, originConcurrency: 64, ownHosts: [] });
  let userId: string;
  let now: Date;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await outbound.onApplicationShutdown();
    await database.drop();
  });
  beforeEach(async () => {
    receiver = await WebhookReceiver.start();
    await database.dataSource.query('TRUNCATE usage_record, alert');
    userId = (await aUser(database.dataSource)).userId;
    now = NOW;
  });
  afterEach(() => receiver.stop());

  /** `null`: no webhook is set up. */
  function aReplica(url: string | null = receiver.url): Replica {
    const config = loadConfig(
      url === null ? {} : { PERCH_ALERT_WEBHOOK_URL: url, PERCH_ALERT_WEBHOOK_SECRET: SECRET },
    );
    const clock = { now: () => now, monotonicMs: () => performance.now() };
    const registry = new Registry();
    const counter = (name: string, labelNames: string[]): Counter =>
      new Counter({ name, help: name, labelNames, registers: [registry] });
    const metrics = new AlertMetrics(
      counter('quota_alerts_total', ['kind', 'threshold']),
      counter('quota_alert_deliveries_total', ['outcome']),
    );
    const log = new KeptLog();
    const alerts = new AlertRepository(database.dataSource);
    const webhook = new AlertWebhook(config.rateLimit, outbound, clock);
    const delivery = new AlertDelivery(alerts, webhook, metrics, log.logger);
    const spending = new SpendingReportRepository(database.dataSource);
    return {
      alerts: new SpendingAlerts(
        spending,
        alerts,
        delivery,
        webhook,
        metrics,
        config.agent,
        log.logger,
        clock,
        uuidV7Ids,
      ),
      delivery,
      log,
      registry,
    };
  }

  const spend = (cost: string | null, at: Date | string = NOW): Promise<void> =>
    aLedgerRow(database.dataSource, { userId, cost, admittedAt: new Date(at) });

  const names = async (replica: Replica): Promise<string[]> =>
    (await replica.alerts.check(userId, LIMITS)).map(
      ({ kind, scope, threshold, period }) => `${kind} ${scope} ${threshold} ${period}`,
    );

  /** The tries that wait are due now. */
  const letTimePass = (): Promise<unknown> =>
    database.dataSource.query(
      `UPDATE alert SET next_attempt_at = clock_timestamp() WHERE next_attempt_at IS NOT NULL`,
    );

  const stored = (): Promise<
    { attempts: number; last_failure: string | null; is_delivered: boolean; waits_s: number | null }[]
  > =>
    database.dataSource.query(
      `SELECT attempts, last_failure, delivered_at IS NOT NULL AS is_delivered,
              extract(epoch FROM next_attempt_at - clock_timestamp())::float AS waits_s FROM alert ORDER BY id`,
    );

  describe('about budgets', () => {
    it('are raised once per threshold, day and month, logged and counted', async () => {
      const replica = aReplica(null);
      await spend('4.999999');
      expect(await names(replica)).toEqual([]);
      await spend('0.000001');
      expect(await names(replica)).toEqual(['budget daily_cost 50 2026-11-25']);
      expect(await names(replica)).toEqual([]);
      await spend('5');
      expect(await names(replica)).toEqual([
        'budget daily_cost 80 2026-11-25',
        'budget daily_cost 100 2026-11-25',
      ]);
      expect(replica.log.entries.filter(({ event }) => event === 'quota.alert')).toContainEqual({
        event: 'quota.alert',
        alert_id: expect.any(String),
        kind: 'budget',
        user_id: userId,
        scope: 'daily_cost',
        threshold: 80,
        limit: '10.000000',
        spent: '10.000000',
        period: '2026-11-25',
      });
      expect(await replica.registry.metrics()).toContain(
        'quota_alerts_total{kind="budget",threshold="100"} 1',
      );
    });

    it('begin anew with the day, and count the month', async () => {
      const replica = aReplica(null);
      for (let day = 1; day <= 6; day += 1) await spend('8', `2026-11-0${day}T10:00:00Z`);
      now = new Date('2026-11-07T10:00:00Z');
      await spend('6', now);
      expect(await names(replica)).toEqual([
        'budget daily_cost 50 2026-11-07',
        'budget monthly_cost 50 2026-11',
      ]);
    });

    it('notice what a run of yesterday cost when it ends after midnight', async () => {
      const replica = aReplica(null);
      await spend('9', '2026-10-31T23:59:00Z');
      now = new Date('2026-11-01T00:01:00Z');
      expect(await names(replica)).toEqual([
        'budget daily_cost 50 2026-10-31',
        'budget daily_cost 80 2026-10-31',
      ]);
      now = new Date('2026-11-01T12:00:00Z');
      expect((await replica.alerts.check(userId, { dailyCost: 1n })).length).toBe(0);
    });

    it('are raised exactly once by twenty checks at a time on two replicas', async () => {
      const replicas = [aReplica(null), aReplica(null)];
      await spend('10');
      const raised = await Promise.all(
        Array.from({ length: 20 }, (_, index) => replicas[index % 2]!.alerts.check(userId, LIMITS)),
      );
      expect(
        raised
          .flat()
          .map(({ threshold }) => threshold)
          .sort((a, b) => a - b),
      ).toEqual([50, 80, 100]);
      expect(await stored()).toHaveLength(3);
    });
  });

  describe('about unusual spending', () => {
    it('compare with the median of the days on which the user was active', async () => {
      const replica = aReplica(null);
      for (const [index, cost] of ['0.4', '0.5', '0.5', '0.6', '9'].entries())
        await spend(cost, `2026-11-1${index}T10:00:00Z`);
      await spend('1.5');
      expect(await names(replica)).toEqual([]);
      await spend('0.1');
      const [alert] = await replica.alerts.check(userId, {});
      expect(alert).toMatchObject({
        kind: 'unusual_spending',
        threshold: 300,
        limit: parseUsd('0.5'),
        spent: parseUsd('1.6'),
        period: '2026-11-25',
      });
      expect(await replica.alerts.check(userId, {})).toEqual([]);
    });

    it('do not look at others, nor at days that are long past', async () => {
      const replica = aReplica(null);
      for (let day = 1; day <= 6; day += 1) await spend('0.5', `2026-05-0${day}T10:00:00Z`);
      await spend('4.9');
      expect(await names(replica)).toEqual([]);
    });
  });

  describe('after a run', () => {
    it('are checked in the background, once for many runs, and a failure harms nobody', async () => {
      const replica = aReplica(null);
      await spend('10');
      replica.alerts.afterSpending('not-a-uuid', LIMITS);
      for (let run = 0; run < 50; run += 1) replica.alerts.afterSpending(userId, LIMITS);
      await until(async () => (await stored()).length === 3);
      expect(replica.log.events()).toContain('quota.alert.check_failed');
      await replica.alerts.stop();
      replica.alerts.afterSpending(userId, LIMITS);
    });
  });

  describe('to the webhook', () => {
    it('are signed, and say what happened', async () => {
      const replica = aReplica();
      await spend('5');
      const [alert] = await replica.alerts.check(userId, LIMITS);
      await replica.delivery.deliverDue();
      expect(receiver.posts).toHaveLength(1);
      const { headers, body } = receiver.posts[0]!;
      expect(headers['content-type']).toBe('application/json');
      expect(JSON.parse(body)).toEqual({
        id: alert!.id,
        kind: 'budget',
        user_id: userId,
        scope: 'daily_cost',
        threshold: 50,
        limit: '10.000000',
        spent: '5.000000',
        period: '2026-11-25',
        created_at: NOW.toISOString(),
      });
      const t = NOW.getTime() / 1000;
      const v1 = createHmac('sha256', SECRET).update(`${t}.${body}`).digest('hex');
      expect(headers['x-perch-signature']).toBe(`t=${t},v1=${v1}`);
      expect(await stored()).toEqual([
        { attempts: 1, last_failure: null, is_delivered: true, waits_s: null },
      ]);
    });

    it('are tried again with the same id, later each time, until they are taken', async () => {
      const replica = aReplica();
      receiver.statuses.push(500, 503);
      await spend('5');
      await replica.alerts.check(userId, LIMITS);
      await replica.delivery.deliverDue();
      const [first] = await stored();
      expect(first).toMatchObject({ attempts: 1, last_failure: 'HTTP 500', is_delivered: false });
      expect(first!.waits_s).toBeGreaterThan(3);
      await replica.delivery.deliverDue();
      expect(receiver.posts).toHaveLength(1);

      await letTimePass();
      await replica.delivery.deliverDue();
      expect((await stored())[0]!.waits_s).toBeGreaterThan(first!.waits_s!);

      // Any other replica may go on.
      await letTimePass();
      await aReplica().delivery.deliverDue();
      expect(await stored()).toMatchObject([{ attempts: 3, is_delivered: true, waits_s: null }]);
      expect(new Set(receiver.posts.map(({ body }) => (JSON.parse(body) as { id: string }).id)).size).toBe(1);
      expect(JSON.stringify(replica.log.entries)).not.toContain('SECRET-OF-THE-RECEIVER');
    });

    it('are given up after so many tries, loudly', async () => {
      const replica = aReplica();
      await spend('5');
      await replica.alerts.check(userId, LIMITS);
      await replica.delivery.deliverDue();
      receiver.statuses.push(410);
      await database.dataSource.query(
        `UPDATE alert SET delivered_at = NULL, next_attempt_at = clock_timestamp(), attempts = $1`,
        [MAX_ATTEMPTS - 1],
      );
      await replica.delivery.deliverDue();
      expect(await stored()).toEqual([
        { attempts: MAX_ATTEMPTS, last_failure: 'HTTP 410', is_delivered: false, waits_s: null },
      ]);
      expect(replica.log.events()).toContain('quota.alert.given_up');
    });

    it('follow no redirect', async () => {
      const replica = aReplica();
      receiver.statuses.push(307);
      await spend('5');
      await replica.alerts.check(userId, LIMITS);
      await replica.delivery.deliverDue();
      expect(receiver.posts).toHaveLength(1);
      expect(await stored()).toMatchObject([{ last_failure: 'HTTP 307', is_delivered: false }]);
    });

    it('wait for a receiver that is away', async () => {
      const replica = aReplica('http://127.0.0.1:9');
      await spend('5');
      await replica.alerts.check(userId, LIMITS);
      await replica.delivery.deliverDue();
      expect(await stored()).toMatchObject([{ attempts: 1, is_delivered: false }]);
    });

    it('are each sent by one of several replicas that look at the same time', async () => {
      const replicas = [aReplica(), aReplica(), aReplica()];
      await spend('100');
      await new AlertRepository(database.dataSource).raise(
        Array.from({ length: 30 }, (_, index) => ({
          id: v7(),
          userId,
          kind: 'budget' as const,
          scope: 'daily_cost' as const,
          threshold: index,
          limit: 2n,
          spent: BigInt(index),
          period: '2026-11-25',
          createdAt: NOW,
        })),
        true,
      );
      await Promise.all(replicas.map(({ delivery }) => delivery.deliverDue()));
      const ids = receiver.posts.map(({ body }) => (JSON.parse(body) as { id: string }).id);
      expect(ids).toHaveLength(30);
      expect(new Set(ids).size).toBe(30);
    });

    it('are kept without a webhook, and not sent when one is set up later', async () => {
      await spend('5');
      await aReplica(null).alerts.check(userId, LIMITS);
      await aReplica().delivery.deliverDue();
      expect(receiver.posts).toEqual([]);
      expect(await stored()).toMatchObject([{ attempts: 0, is_delivered: false, waits_s: null }]);
    });

    it('that were under way when a process stopped are sent by the next one, and not counted twice', async () => {
      const silent = await WebhookReceiver.start();
      const replica = aReplica(silent.url);
      silent.hold();
      await spend('5');
      await replica.alerts.check(userId, LIMITS);
      await until(() => silent.posts.length === 1);
      await replica.delivery.stop();
      await silent.stop();
      expect(await stored()).toMatchObject([{ attempts: 0, is_delivered: false }]);
      await aReplica().delivery.deliverDue();
      expect(receiver.posts).toHaveLength(1);
    });
  });
});

import { startTestPerch, type TestPerch } from '../support/perch/test-perch.js';
import { describeWithRedis } from '../support/servers/test-redis.js';
import { until } from '../support/until.js';

/** A port of this machine on which nobody listens. */
const NOBODY = 'redis://127.0.0.1:1';

describe('the probes', () => {
  let perch: TestPerch | undefined;
  afterEach(async () => {
    await perch?.stop();
    perch = undefined;
  });

  it('need no token, and say ready when the database answers', async () => {
    perch = await startTestPerch();
    const ready = await perch.anonymous().get('/health/ready');
    expect([ready.status, await ready.json()]).toEqual([
      200,
      expect.objectContaining({ checks: { database: 'up' } }),
    ]);
    expect((await perch.anonymous().get('/health/live')).status).toBe(200);
  });

  it('name Redis when it is away; the process lives and starts all the same', async () => {
    perch = await startTestPerch({ REDIS_URL: NOBODY });
    const ready = await perch.anonymous().get('/health/ready');
    expect(ready.status).toBe(503);
    expect(ready.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await ready.json()).toMatchObject({
      code: 'dependency_unavailable',
      checks: { database: 'up', redis: 'down' },
    });
    expect((await perch.anonymous().get('/health/live')).status).toBe(200);
  });

  it('name the database when it is away, and callers are told to come back', async () => {
    perch = await startTestPerch();
    const user = await perch.user();
    expect((await user.get('/api/v1/auth/me')).status).toBe(200);
    await perch.database.drop();
    const ready = await perch.anonymous().get('/health/ready');
    expect([ready.status, await ready.json()]).toEqual([
      503,
      expect.objectContaining({ checks: { database: 'down' } }),
    ]);
    expect((await perch.anonymous().get('/health/live')).status).toBe(200);
    const refused = await user.post('/api/v1/agent/chat', { message: 'hi' });
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'dependency_unavailable' });
  });

  it('want the metrics token where one is set, and no other', async () => {
    perch = await startTestPerch({ METRICS_TOKEN: 'mt-0123456789' });
    const anonymous = perch.anonymous();
    expect((await anonymous.get('/metrics')).status).toBe(401);
    expect((await anonymous.get('/metrics', { authorization: 'Bearer mt-0123456788' })).status).toBe(401);
    const metrics = await anonymous.get('/metrics', { authorization: 'Bearer mt-0123456789' });
    expect([metrics.status, metrics.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/plain'),
    ]);
  });

  it('tell name, version and environment', async () => {
    perch = await startTestPerch();
    expect(await (await perch.anonymous().get('/api/v1/metadata')).json()).toEqual({
      name: 'perch',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      environment: 'test',
    });
  });

  it('find the explorer, or nothing where it is switched off', async () => {
    perch = await startTestPerch();
    const page = await perch.anonymous().get('/docs');
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/html'),
    ]);
    expect((await perch.anonymous().get('/docs-json')).status).toBe(200);
    await perch.stop();
    perch = await startTestPerch({ DOCS_ENABLED: 'false' });
    expect((await perch.anonymous().get('/docs')).status).toBe(404);
    expect((await perch.anonymous().get('/docs-json')).status).toBe(404);
  });

  describeWithRedis('with Redis', (redisUrl) => {
    it('say ready when it answers', async () => {
      perch = await startTestPerch({ REDIS_URL: redisUrl });
      await until(async () => (await perch!.anonymous().get('/health/ready')).status === 200);
      const ready = await perch.anonymous().get('/health/ready');
      expect(await ready.json()).toMatchObject({ checks: { database: 'up', redis: 'up' } });
    });
  });
});

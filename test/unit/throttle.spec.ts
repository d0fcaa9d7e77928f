import { PASSWORD, startThrottledApp, type ThrottledApp } from '../support/http/throttled-app.js';
import { ManualTime } from '../support/providers/manual-time.js';

const THINGS = '/api/v1/things';
const HOME = '203.0.113.7';
const ADA = 'ada@example.com';

describe('limits before anybody is known', () => {
  let time: ManualTime;
  let app: ThrottledApp;
  afterEach(() => app.stop());

  async function start(env: Readonly<Record<string, string>>): Promise<ThrottledApp> {
    time = new ManualTime();
    app = await startThrottledApp(env, time);
    return app;
  }

  /** So many requests of one client, one after the other. */
  async function statuses(count: number, request: () => Promise<Response>): Promise<number[]> {
    const seen: number[] = [];
    for (let i = 0; i < count; i += 1) seen.push((await request()).status);
    return seen;
  }

  describe('per client address', () => {
    it('let so many requests through over all routes, and tell what is left', async () => {
      await start({ RATE_LIMIT_IP_PER_MINUTE: '3' });
      const first = await app.get(THINGS);
      expect(Object.fromEntries(first.headers)).toMatchObject({
        ratelimit: '"requests";r=2;t=60',
        'ratelimit-policy': '"requests";q=3;w=60',
        'x-ratelimit-limit': '3',
        'x-ratelimit-remaining': '2',
        'x-ratelimit-reset': '60',
      });
      expect(first.headers.has('retry-after')).toBe(false);
      expect((await app.get(`${THINGS}/other`)).headers.get('x-ratelimit-remaining')).toBe('1');
      expect((await app.get(THINGS)).status).toBe(200);
      expect((await app.get(`${THINGS}/other`)).status).toBe(429);
    });

    it('refuse with a problem of ours, and let in whoever waits as long as it says', async () => {
      await start({ RATE_LIMIT_IP_PER_MINUTE: '1' });
      await app.get(THINGS);
      await time.advance(20_000);
      const refused = await app.get(`${THINGS}?page=2`);
      expect(refused.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(await refused.json()).toEqual({
        type: 'urn:perch:problem:rate_limited',
        title: 'Too many requests',
        status: 429,
        detail: 'Too many requests in a minute.',
        instance: THINGS,
        code: 'rate_limited',
        request_id: refused.headers.get('x-request-id'),
        scope: 'requests_per_minute',
        limit: 1,
        remaining: 0,
        reset_at: new Date(60_000).toISOString(),
        retry_after_s: 40,
      });
      expect(Object.fromEntries(refused.headers)).toMatchObject({
        'retry-after': '40',
        ratelimit: '"requests";r=0;t=40',
        'ratelimit-policy': '"requests";q=1;w=60',
        'x-ratelimit-limit': '1',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': '40',
      });
      expect([...refused.headers.keys()].filter((name) => /-(address|login|account)$/.test(name))).toEqual(
        [],
      );
      await time.advance(40_000);
      expect((await app.get(THINGS)).status).toBe(200);
    });

    it('never concern probes', async () => {
      await start({ RATE_LIMIT_IP_PER_MINUTE: '1' });
      for (const probe of ['/health/live', '/health/ready', '/metrics'])
        expect(await statuses(5, () => app.get(probe))).toEqual([200, 200, 200, 200, 200]);
      expect((await app.get('/health/live')).headers.has('ratelimit')).toBe(false);
      expect(await statuses(2, () => app.get(THINGS))).toEqual([200, 429]);
    });

    it('do not count preflights', async () => {
      await start({ RATE_LIMIT_IP_PER_MINUTE: '1', CORS_ORIGINS: 'https://app.example.com' });
      const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' };
      const preflight = (): Promise<Response> => fetch(`${app.url}${THINGS}`, { method: 'OPTIONS', headers });
      expect(await statuses(5, preflight)).toEqual([204, 204, 204, 204, 204]);
      expect(await statuses(2, () => app.get(THINGS))).toEqual([200, 429]);
    });

    it('can be read by pages of other origins', async () => {
      await start({ RATE_LIMIT_IP_PER_MINUTE: '1', CORS_ORIGINS: '*' });
      await app.get(THINGS);
      const refused = await app.get(THINGS, undefined, { origin: 'https://app.example.com' });
      expect(refused.status).toBe(429);
      expect(refused.headers.get('access-control-allow-origin')).toBe('*');
      expect(refused.headers.get('access-control-expose-headers')).toContain('Retry-After');
    });

    it('are none with 0', async () => {
      await start({ RATE_LIMIT_IP_PER_MINUTE: '0', RATE_LIMIT_LOGIN_PER_MINUTE: '0' });
      expect(new Set(await statuses(50, () => app.get(THINGS)))).toEqual(new Set([200]));
      for (let i = 0; i < 20; i += 1) expect(await app.login(ADA, 'guess')).toBe(401);
      expect((await app.get(THINGS)).headers.has('ratelimit')).toBe(false);
    });
  });

  describe('go by an address that no client can write', () => {
    it.each([
      ['X-Forwarded-For', (i: number) => `198.51.100.${i}`],
      ['X-Forwarded-For', (i: number) => `198.51.100.${i}, 127.0.0.1`],
      ['Forwarded', (i: number) => `for=198.51.100.${i}`],
      ['X-Real-IP', (i: number) => `198.51.100.${i}`],
      ['X-Client-IP', (i: number) => `198.51.100.${i}`],
      ['CF-Connecting-IP', (i: number) => `198.51.100.${i}`],
      ['True-Client-IP', (i: number) => `198.51.100.${i}`],
    ])('without a proxy: %s says nothing', async (header, forge) => {
      await start({ RATE_LIMIT_IP_PER_MINUTE: '2' });
      let sent = 0;
      const forged = (): Promise<Response> => app.get(THINGS, undefined, { [header]: forge((sent += 1)) });
      expect(await statuses(4, forged)).toEqual([200, 200, 429, 429]);
    });

    it('behind a proxy: what the client wrote in front of the proxy’s own entry says nothing', async () => {
      await start({ RATE_LIMIT_IP_PER_MINUTE: '2', TRUSTED_PROXY_HOPS: '1' });
      let sent = 0;
      const forged = (): Promise<Response> =>
        app.get(THINGS, `198.51.100.${(sent += 1)}, ${HOME}`, {
          forwarded: `for=198.51.100.${sent}`,
          'x-real-ip': `198.51.100.${sent}`,
        });
      expect(await statuses(4, forged)).toEqual([200, 200, 429, 429]);
      expect((await app.get(THINGS, '203.0.113.8')).status).toBe(200);
    });

    it('behind a proxy: one client is the same however its address is written', async () => {
      await start({ RATE_LIMIT_IP_PER_MINUTE: '3', TRUSTED_PROXY_HOPS: '1' });
      for (const spellings of [
        [HOME, `::ffff:${HOME}`, '::ffff:cb00:7107', `${HOME}:4711`],
        ['2001:db8:1:2::1', '2001:db8:1:2:ffff::2', '2001:DB8:1:2::3', '[2001:db8:1:2::4]:4711'],
      ]) {
        const seen = [];
        for (const spelling of spellings) seen.push((await app.get(THINGS, spelling)).status);
        expect(seen).toEqual([200, 200, 200, 429]);
      }
      expect((await app.get(THINGS, '2001:db8:1:3::1')).status).toBe(200);
    });
  });

  describe('of attempts to get in', () => {
    it('are per address, over login, register and refresh together', async () => {
      await start({ RATE_LIMIT_LOGIN_PER_MINUTE: '3', RATE_LIMIT_IP_PER_MINUTE: '100' });
      expect(await app.login('a@example.com', 'guess')).toBe(401);
      const account = { email: 'b@example.com', password: PASSWORD };
      expect((await app.post('auth/register', account)).status).toBe(201);
      const refreshed = await app.post('auth/refresh', { refresh_token: 'prt_x' });
      expect(refreshed.status).toBe(200);
      expect(refreshed.headers.get('ratelimit-policy')).toBe('"requests";q=3;w=60');
      expect(refreshed.headers.get('x-ratelimit-remaining')).toBe('0');
      expect(await app.login('c@example.com', PASSWORD)).toBe(429);
      expect((await app.post('auth/register', account)).status).toBe(429);
      expect((await app.post('auth/refresh', { refresh_token: 'prt_x' })).status).toBe(429);
      expect((await app.get(THINGS)).status).toBe(200);
      await time.advance(60_000);
      expect(await app.login('c@example.com', PASSWORD)).toBe(200);
    });

    it('are per account too, so that one is not guessed from many addresses, however its name is written', async () => {
      await start({ RATE_LIMIT_LOGIN_PER_MINUTE: '3', TRUSTED_PROXY_HOPS: '1' });
      const spellings = [ADA, ADA.toUpperCase(), ` ${ADA} `, 'Ada@example.com', ADA];
      const seen = [];
      for (const [i, email] of spellings.entries())
        seen.push(await app.login(email, 'guess', `198.51.100.${i}`));
      expect(seen).toEqual([401, 401, 401, 429, 429]);
      expect(await app.login('bob@example.com', 'guess', '198.51.100.4')).toBe(401);
    });

    it('do not tell whether there is such an account', async () => {
      await start({ RATE_LIMIT_LOGIN_PER_MINUTE: '1', TRUSTED_PROXY_HOPS: '1' });
      expect(await app.login('nobody@example.com', 'guess', '198.51.100.1')).toBe(401);
      expect(await app.login('nobody@example.com', 'guess', '198.51.100.2')).toBe(429);
    });

    it('do not keep an owner out who comes from where they have logged in before', async () => {
      await start({ RATE_LIMIT_LOGIN_PER_MINUTE: '3', TRUSTED_PROXY_HOPS: '1' });
      expect(await app.login(ADA, PASSWORD, HOME)).toBe(200);
      const attack = async (): Promise<void> => {
        for (let i = 0; i < 10; i += 1) await app.login(ADA, 'guess', `198.51.100.${i}`);
        expect(await app.login(ADA, PASSWORD, '198.51.100.99')).toBe(429);
      };
      await attack();
      expect(await app.login(ADA, PASSWORD, HOME)).toBe(200);
      // Guessing from there has its limit as well.
      expect(await app.login(ADA, 'guess', HOME)).toBe(401);
      expect(await app.login(ADA, PASSWORD, HOME)).toBe(429);
    });

    it('keep nobody out for longer than a minute after the last attempt that was let through', async () => {
      await start({ RATE_LIMIT_LOGIN_PER_MINUTE: '3', TRUSTED_PROXY_HOPS: '1' });
      for (let i = 0; i < 50; i += 1) {
        await app.login(ADA, 'guess', `198.51.100.${i}`);
        await time.advance(1_000);
      }
      await time.advance(10_000);
      expect(await app.login(ADA, PASSWORD, HOME)).toBe(200);
    });

    it('that fail again and again wait twice as long each time, but for the owner where they are known', async () => {
      await start({ RATE_LIMIT_LOGIN_PER_MINUTE: '1000', TRUSTED_PROXY_HOPS: '1' });
      expect(await app.login(ADA, PASSWORD, HOME)).toBe(200);
      let from = 0;
      const guess = () => app.login(ADA, 'guess', `198.51.100.${(from += 1)}`);
      const post = () => app.post('auth/login', { email: ADA, password: 'guess' }, '198.51.100.250');
      for (let failure = 0; failure < 10; failure += 1) expect(await guess()).toBe(401);
      for (const seconds of [30, 60, 120, 240, 480, 900, 900]) {
        const refused = await post();
        expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, String(seconds)]);
        expect(await refused.json()).toMatchObject({
          code: 'rate_limited',
          scope: 'failed_logins',
          limit: 10,
        });
        // Whoever goes on is not held up longer for it, and the right password does not help there.
        await time.advance(seconds * 1000 - 1);
        expect(await app.login(ADA, PASSWORD, '198.51.100.251')).toBe(429);
        expect(await app.login(ADA, PASSWORD, HOME)).toBe(200);
        await time.advance(1);
        expect(await guess()).toBe(401);
      }
      expect(await app.login('bob@example.com', 'guess', '198.51.100.1')).toBe(401);
    });

    it('begin anew after a success, and after an hour of peace', async () => {
      await start({ RATE_LIMIT_LOGIN_PER_MINUTE: '1000', TRUSTED_PROXY_HOPS: '1' });
      const fail = async (times: number): Promise<void> => {
        for (let i = 0; i < times; i += 1) expect(await app.login(ADA, 'guess', HOME)).toBe(401);
      };
      await fail(9);
      expect(await app.login(ADA, PASSWORD, HOME)).toBe(200);
      await fail(9);
      await time.advance(3_600_001);
      await fail(10);
      expect(await app.login(ADA, PASSWORD, HOME)).toBe(429);
    });

    it.each([
      ['an email that is none', { email: { $ne: '' }, password: 'x' }],
      ['an endless email', { email: `${'a'.repeat(10_000)}@example.com`, password: 'x' }],
      ['an array', [ADA]],
      ['nothing', {}],
    ])('count %s per address and leave it to validation', async (_what, body) => {
      await start({ RATE_LIMIT_LOGIN_PER_MINUTE: '2' });
      expect(await statuses(3, () => app.post('auth/login', body))).toEqual([422, 422, 429]);
    });
  });
});

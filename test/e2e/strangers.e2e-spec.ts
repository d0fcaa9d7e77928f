import { startTestPerch, type TestPerch } from '../support/perch/test-perch.js';

const LOGIN = '/api/v1/auth/login';
const PROTECTED = '/api/v1/auth/me';
const PASSWORD = 'correct horse battery';

/** Whatever the caller has set: one address may ask so often, and try so many passwords. */
describe('whoever is not known yet', () => {
  let perch: TestPerch;
  afterEach(() => perch.stop());

  async function statuses(requests: readonly (() => Promise<Response>)[]): Promise<Record<number, number>> {
    const counts: Record<number, number> = {};
    const answers = await Promise.all(requests.map((request) => request()));
    for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  }

  it('is refused before anything else is asked, whatever it forges, and is no trouble to probes', async () => {
    perch = await startTestPerch({ RATE_LIMIT_IP_PER_MINUTE: '20' });
    const stranger = perch.anonymous();
    const forged = Array.from(
      { length: 200 },
      (_, i) => () =>
        stranger.get(PROTECTED, {
          authorization: `Bearer made-up-${i}`,
          'x-forwarded-for': `198.51.100.${i}`,
          'x-real-ip': `198.51.100.${i}`,
          forwarded: `for=198.51.100.${i}`,
        }),
    );
    expect(await statuses(forged)).toEqual({ 401: 20, 429: 180 });

    const refused = await stranger.get('/');
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({
      code: 'rate_limited',
      scope: 'requests_per_minute',
      limit: 20,
      remaining: 0,
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    for (const probe of ['/health/live', '/health/ready', '/metrics'])
      expect(await statuses(Array.from({ length: 40 }, () => () => stranger.get(probe)))).toEqual({
        200: 40,
      });
  });

  it('does not guess the password of an account from many addresses, whose owner still gets in', async () => {
    perch = await startTestPerch({ RATE_LIMIT_LOGIN_PER_MINUTE: '5', TRUSTED_PROXY_HOPS: '1' });
    const ada = { email: 'ada@example.com', password: PASSWORD };
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
    const owner = perch.anonymous();
    expect((await owner.post('/api/v1/auth/register', ada, from('203.0.113.7'))).status).toBe(201);
    expect((await owner.post(LOGIN, ada, from('203.0.113.7'))).status).toBe(200);

    const guesses = Array.from(
      { length: 30 },
      (_, i) => () => owner.post(LOGIN, { ...ada, password: `guess-${i}` }, from(`198.51.100.${i}`)),
    );
    // The owner's own login was the first of five.
    expect(await statuses(guesses)).toEqual({ 401: 4, 429: 26 });
    expect((await owner.post(LOGIN, ada, from('198.51.100.99'))).status).toBe(429);
    expect((await owner.post(LOGIN, ada, from('203.0.113.7'))).status).toBe(200);
  });
});

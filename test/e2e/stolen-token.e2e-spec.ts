import { startTestPerch, type TestPerch } from '../support/perch/test-perch.js';

const PASSWORD = 'correct horse battery';
const NEW_PASSWORD = 'another horse, another battery';

interface Registered {
  readonly access_token: string;
  readonly user: { readonly id: string; readonly email: string };
}

/** What wants the password again, so that a token alone changes and erases nothing. */
const CONFIRMED: Record<string, (password: string) => readonly [method: string, path: string, body: object]> =
  {
    'password.change': (password) => [
      'POST',
      '/auth/password',
      { current_password: password, new_password: NEW_PASSWORD },
    ],
    'email.change': (password) => ['POST', '/auth/email', { email: 'elsewhere@example.com', password }],
    'user.erase': (password) => ['DELETE', '/account', { password }],
  };

describe('whoever has somebody’s access token', () => {
  let perch: TestPerch;
  let addresses = 0;
  beforeAll(async () => {
    perch = await startTestPerch({ TRUSTED_PROXY_HOPS: '1', RATE_LIMIT_LOGIN_PER_MINUTE: '20' });
  });
  afterAll(() => perch.stop());

  async function register(name: string): Promise<Registered> {
    const body = { email: `${name}@example.com`, password: PASSWORD };
    return (await (await perch.anonymous().post('/api/v1/auth/register', body)).json()) as Registered;
  }

  /** From an address that nobody has come from before. */
  async function ask(owner: Registered, wanted: string, password: string): Promise<Response> {
    const [method, path, body] = CONFIRMED[wanted]!(password);
    addresses += 1;
    return fetch(`${perch.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${owner.access_token}`,
        'content-type': 'application/json',
        'x-forwarded-for': `198.51.100.${addresses}`,
      },
      body: JSON.stringify(body),
    });
  }

  it('guesses the password five times a minute, from however many addresses and over all routes that ask for it', async () => {
    const owner = await register('owner');
    const other = await register('other');
    const wanted = Object.keys(CONFIRMED);
    const guesses = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const answer = await ask(owner, wanted[i % wanted.length]!, `guess number ${i}`);
        return answer.status;
      }),
    );
    expect(guesses.filter((status) => status === 429)).toHaveLength(7);
    for (const each of wanted) {
      const answer = await ask(owner, each, PASSWORD);
      expect([each, answer.status, await answer.json()]).toEqual([
        each,
        429,
        expect.objectContaining({ code: 'rate_limited', scope: 'confirmations', limit: 5, remaining: 0 }),
      ]);
    }
    expect((await ask(other, 'password.change', PASSWORD)).status).toBe(204);
  });

  it('does not spend the owner’s tries with bodies that try nothing', async () => {
    const owner = await register('patient');
    for (let i = 0; i < 6; i += 1) expect((await ask(owner, 'password.change', '')).status).toBe(422);
    expect((await ask(owner, 'password.change', PASSWORD)).status).toBe(204);
  });

  it('leaves a trace of every wrong guess in the trail', async () => {
    const owner = await register('traced');
    for (const wanted of Object.keys(CONFIRMED)) await ask(owner, wanted, 'not the password');
    const { id } = owner.user;
    expect(
      await perch.database.dataSource.query(
        `SELECT action, actor_id, target_type, outcome, after FROM audit_entry WHERE target_id = $1 ORDER BY id`,
        [id],
      ),
    ).toEqual(
      Object.keys(CONFIRMED).map((wanted) => ({
        action: 'confirmation.failed',
        actor_id: id,
        target_type: 'user',
        outcome: 'refused',
        after: { wanted },
      })),
    );
  });
});

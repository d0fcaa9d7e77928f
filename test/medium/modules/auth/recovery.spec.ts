import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MailSink, type ReceivedMail } from '../../../support/servers/mail-sink.js';
import { until } from '../../../support/until.js';
import {
  type AuthApplication,
  logLines,
  PASSWORD,
  registered,
  startAuthApplication,
  type Tokens,
} from './auth-application.js';

const NEW_PASSWORD = 'another long enough word';
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

describe('passwords and addresses', () => {
  let sink: MailSink;
  let auth: AuthApplication;
  let owner: Tokens;

  beforeAll(async () => {
    sink = await MailSink.start();
    auth = await startAuthApplication({
      MAIL_SMTP_URL: sink.url,
      MAIL_FROM: 'Perch <perch@perch.example>',
      MAIL_LINK_BASE_URL: 'https://app.example.com/account/',
      AUTH_ACCESS_TTL_SECONDS: '86400',
    });
  });
  afterAll(async () => {
    await auth.close();
    await sink.stop();
  });
  beforeEach(async () => {
    sink.mails.length = 0;
    owner = await registered(auth);
  });

  const post = (path: string, body: object, token?: string) => {
    const request = auth.http.post(`/auth/${path}`);
    return (token === undefined ? request : request.set('Authorization', `Bearer ${token}`)).send(body);
  };
  const login = (email: string, password: string) => post('login', { email, password });
  const me = (token: string) => auth.http.get('/auth/me').set('Authorization', `Bearer ${token}`);
  const mailTo = async (address: string, subject: string): Promise<ReceivedMail> => {
    const isIt = (mail: ReceivedMail): boolean => mail.to.includes(address) && mail.text.includes(subject);
    await until(() => sink.mails.some(isIt));
    const at = sink.mails.findIndex(isIt);
    return sink.mails.splice(at, 1)[0]!;
  };
  const tokenIn = ({ text }: ReceivedMail): string => /#token=([A-Za-z0-9_-]{43})/.exec(text)![1]!;
  const forgot = (email: string) => post('password/forgot', { email });
  const aReset = async (email = owner.user.email): Promise<string> => {
    expect((await forgot(email)).status).toBe(202);
    return tokenIn(await mailTo(email, 'Set a new password'));
  };
  const trail = () =>
    auth.dataSource
      .query<{ action: string }[]>('SELECT action FROM audit_entry WHERE target_id = $1', [owner.user.id])
      .then((rows) => rows.map(({ action }) => action));

  it('are forgotten by mail: the token in it sets a new password once, and ends all sessions', async () => {
    expect((await forgot(owner.user.email.toUpperCase())).status).toBe(202);
    const mail = await mailTo(owner.user.email, 'Set a new password');
    expect(mail.from).toBe('perch@perch.example');
    expect(mail.text).toContain('https://app.example.com/account/password-reset#token=');
    const token = tokenIn(mail);
    const stored = await auth.dataSource.query<object[]>('SELECT * FROM account_token');
    expect(JSON.stringify(stored)).not.toContain(token);

    const weak = await post('password/reset', { token, password: 'password1234' });
    expect(weak.body).toMatchObject({ status: 422, errors: [{ pointer: '/password' }] });
    expect((await post('password/reset', { token, password: NEW_PASSWORD })).status).toBe(204);
    expect((await me(owner.access_token)).body).toMatchObject({ code: 'token_revoked' });
    expect((await login(owner.user.email, PASSWORD)).status).toBe(401);
    expect((await login(owner.user.email, NEW_PASSWORD)).status).toBe(200);
    await mailTo(owner.user.email, 'Your password was changed');
    expect(await trail()).toEqual(['password.reset']);

    const again = await post('password/reset', { token, password: `${NEW_PASSWORD} again` });
    const unknown = await post('password/reset', { token: 'x'.repeat(43), password: NEW_PASSWORD });
    expect(again.body).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(again.text).toBe(unknown.text);
  });

  it('answer the same whether or not there is such an account, and write to nobody else', async () => {
    const answers = [await forgot('nobody@example.com'), await forgot(owner.user.email)];
    for (const { status, text } of answers) expect([status, text]).toEqual([202, '']);
    await mailTo(owner.user.email, 'Set a new password');
    expect(sink.mails).toEqual([]);
  });

  it('fill nobody’s mailbox: one mail in two minutes, and the older token is good for nothing', async () => {
    const first = await aReset();
    await forgot(owner.user.email);
    auth.clock.advance(2 * MINUTE_MS);
    const second = await aReset();
    expect(sink.mails).toEqual([]);
    const old = await post('password/reset', { token: first, password: NEW_PASSWORD });
    expect(old.status).toBe(401);
    expect((await post('password/reset', { token: second, password: NEW_PASSWORD })).status).toBe(204);
  });

  it('are not reset after an hour, nor with a token that two use at once', async () => {
    const late = await aReset();
    auth.clock.advance(HOUR_MS);
    expect((await post('password/reset', { token: late, password: NEW_PASSWORD })).status).toBe(401);
    const token = await aReset();
    const both = await Promise.all(
      [1, 2].map((n) => post('password/reset', { token, password: `${NEW_PASSWORD} ${n}` })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([204, 401]);
  });

  it('are not reset for a disabled account, nor for what a token of another purpose was made', async () => {
    const token = await aReset();
    await auth.dataSource.query('UPDATE user_account SET disabled_at = now() WHERE id = $1', [owner.user.id]);
    expect((await post('password/reset', { token, password: NEW_PASSWORD })).status).toBe(401);
    const other = await registered(auth);
    const reset = await aReset(other.user.email);
    expect((await post('email/confirm', { token: reset })).status).toBe(401);
  });

  it('are changed by whoever knows the old one; the other sessions end', async () => {
    const elsewhere = (await login(owner.user.email, PASSWORD)).body as Tokens;
    const reset = await aReset();
    const change = (current: string, next: string) =>
      post('password', { current_password: current, new_password: next }, owner.access_token);
    const wrong = await change('not the password', NEW_PASSWORD);
    expect(wrong.body).toMatchObject({ status: 422, errors: [{ pointer: '/current_password' }] });
    const common = await change(PASSWORD, 'unbelievable');
    expect(common.body).toMatchObject({ status: 422, errors: [{ pointer: '/new_password' }] });
    expect((await change(PASSWORD, NEW_PASSWORD)).status).toBe(204);
    expect((await me(owner.access_token)).status).toBe(200);
    expect((await me(elsewhere.access_token)).body).toMatchObject({ code: 'token_revoked' });
    expect((await login(owner.user.email, NEW_PASSWORD)).status).toBe(200);
    await mailTo(owner.user.email, 'Your password was changed');
    // What was mailed before is good for nothing.
    expect((await post('password/reset', { token: reset, password: PASSWORD })).status).toBe(401);
    expect(await trail()).toEqual(['confirmation.failed', 'password.change']);
  });

  it('change their address when the new one is confirmed, and the old one is told', async () => {
    const before = owner.user.email;
    const wanted = `new-${before}`;
    const reset = await aReset();
    const ask = (email: string, password = PASSWORD) =>
      post('email', { email, password }, owner.access_token);
    expect((await ask(wanted, 'not the password')).body).toMatchObject({
      status: 422,
      errors: [{ pointer: '/password' }],
    });
    expect((await ask(wanted.toUpperCase())).status).toBe(202);
    const token = tokenIn(await mailTo(wanted, 'Confirm your new address'));
    expect((await me(owner.access_token)).body).toMatchObject({ email: before });
    expect((await post('email/confirm', { token })).status).toBe(204);
    expect((await me(owner.access_token)).body).toMatchObject({ email: wanted });
    await mailTo(before, 'Your address was changed');
    expect((await login(before, PASSWORD)).status).toBe(401);
    expect((await login(wanted, PASSWORD)).status).toBe(200);
    expect((await post('email/confirm', { token })).status).toBe(401);
    // What went to the address before opens nothing any more.
    expect((await post('password/reset', { token: reset, password: NEW_PASSWORD })).status).toBe(401);
    expect(await trail()).toEqual(['confirmation.failed', 'email.change']);
  });

  it('say nothing of who has an address, and give none away that somebody took meanwhile', async () => {
    const other = await registered(auth);
    const ask = (email: string) => post('email', { email, password: PASSWORD }, owner.access_token);
    expect((await ask(other.user.email)).status).toBe(202);
    const wanted = `free-${owner.user.email}`;
    expect((await ask(wanted)).status).toBe(202);
    const token = tokenIn(await mailTo(wanted, 'Confirm your new address'));
    expect(sink.mails).toEqual([]);
    await post('register', { email: wanted, password: PASSWORD });
    expect((await post('email/confirm', { token })).body).toMatchObject({ status: 409, code: 'email_taken' });
    expect((await me(owner.access_token)).body).toMatchObject({ email: owner.user.email });
  });

  it('are not for API keys', async () => {
    const made = await post('api-keys', { name: 'x' }, owner.access_token);
    const { key } = made.body as { key: string };
    for (const [path, body] of [
      ['password', { current_password: PASSWORD, new_password: NEW_PASSWORD }],
      ['email', { email: 'x@example.com', password: PASSWORD }],
    ] as const)
      expect((await post(path, body, key)).body).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('are sent again when the mail server is busy, and not when it refuses', async () => {
    sink.refusals.push('550 nobody here');
    await forgot(owner.user.email);
    await until(() => logLines.some((line) => line.includes('mail.given_up')));
    expect(logLines.join('')).not.toContain('mail.not_sent');
    auth.clock.advance(2 * MINUTE_MS);
    sink.refusals.push('450 not now');
    await forgot(owner.user.email);
    await mailTo(owner.user.email, 'Set a new password');
    expect(logLines.join('')).toContain('mail.not_sent');
  });

  it('register with no password that is guessed first', async () => {
    const refused = await post('register', { email: 'fresh@example.com', password: 'fresh@example.com' });
    expect(refused.body).toMatchObject({ status: 422, errors: [{ pointer: '/password' }] });
  });

  it('leave nothing secret in the log', () => {
    const events = logLines.map((line) =>
      JSON.stringify({ ...(JSON.parse(line) as object), req: undefined }),
    );
    expect(events.join('')).not.toMatch(/#token=|another long enough|@example\.com/);
  });
});

describe('without a mail server', () => {
  it.each([
    ['development', true],
    ['production', false],
  ])('the log of %s has the token: %s', async (environment, isThere) => {
    const auth = await startAuthApplication({ NODE_ENV: environment, PERCH_DEMO_ACCOUNT: '' });
    try {
      const { user } = await registered(auth);
      logLines.length = 0;
      await auth.http.post('/auth/password/forgot').send({ email: user.email });
      await until(() => logLines.some((line) => line.includes('mail.without_server')));
      const line = JSON.parse(logLines.find((each) => each.includes('mail.without_server'))!) as object;
      expect('use' in line).toBe(isThere);
      const [stored] = await auth.dataSource.query<{ token_hash: Buffer }[]>(
        'SELECT token_hash FROM account_token',
      );
      expect(stored!.token_hash).toHaveLength(32);
    } finally {
      await auth.close();
    }
  });
});

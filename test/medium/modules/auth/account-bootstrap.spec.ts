import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DemoAccountService } from '../../../../src/modules/auth/index.js';
import { type AuthApplication, startAuthApplication } from './auth-application.js';

const ADMIN = { AUTH_ADMIN_EMAIL: 'Root@Perch.example', AUTH_ADMIN_PASSWORD: 'a-long-administrator-word' };

describe('accounts at the first start', () => {
  let first: AuthApplication;

  beforeAll(async () => {
    first = await startAuthApplication();
  });
  afterAll(() => first.close());

  const login = (auth: AuthApplication, email: string, password: string) =>
    auth.http.post('/auth/login').send({ email, password });
  const rows = (email: string) =>
    first.dataSource.query<{ id: string; password_hash: string; tier: string; roles: string[] }[]>(
      'SELECT * FROM user_account WHERE email = $1',
      [email],
    );

  it('makes the administrator once, even if several processes start at the same time', async () => {
    const replicas = await Promise.all([1, 2, 3].map(() => startAuthApplication(ADMIN, first)));
    try {
      const admins = await rows('root@perch.example');
      expect(admins).toHaveLength(1);
      expect(admins[0]).toMatchObject({ tier: 'pro', roles: ['user', 'admin'] });
      const session = await login(replicas[0]!, ADMIN.AUTH_ADMIN_EMAIL, ADMIN.AUTH_ADMIN_PASSWORD);
      expect(session.status).toBe(200);
      expect(session.body.user.permissions).toContain('admin');
    } finally {
      await Promise.all(replicas.map((replica) => replica.close()));
    }
  });

  it('never overwrites the password of an account that is there', async () => {
    const [before] = await rows('root@perch.example');
    const again = await startAuthApplication(
      { ...ADMIN, AUTH_ADMIN_PASSWORD: 'some-other-long-word' },
      first,
    );
    try {
      expect((await rows('root@perch.example'))[0]).toEqual(before);
      expect((await login(again, 'root@perch.example', 'some-other-long-word')).status).toBe(401);
    } finally {
      await again.close();
    }
  });

  it('has no demo account and generates nothing unless asked', async () => {
    expect(first.app.get(DemoAccountService).credentials()).toBeUndefined();
    expect(await first.app.get(DemoAccountService).accessToken()).toBeUndefined();
    await expect(stat(join(first.dataDir, 'secrets.json'))).rejects.toThrow('ENOENT');
  });

  it('gives the same demo credentials at every start, and they and the printed token work', async () => {
    const environment = { PERCH_DEMO_ACCOUNT: 'true', AUTH_JWT_SECRET: '' };
    const seen: unknown[] = [];
    const tokens: string[] = [];
    for (const _ of [1, 2]) {
      const auth = await startAuthApplication(environment, first);
      try {
        const demo = auth.app.get(DemoAccountService);
        const credentials = demo.credentials()!;
        seen.push(credentials);
        tokens.push((await demo.accessToken())!);
        const session = await login(auth, credentials.email, credentials.password);
        expect(session.body.user).toMatchObject({ email: 'demo@perch.local', tier: 'pro', roles: ['user'] });
        auth.clock.advance(11 * 3_600_000);
        // The token of the first start is good after the second: the generated key is kept, too.
        for (const token of tokens) {
          expect((await auth.http.get('/auth/me').set('Authorization', `Bearer ${token}`)).status).toBe(200);
        }
        auth.clock.advance(3_600_000);
        const late = await auth.http.get('/auth/me').set('Authorization', `Bearer ${tokens[0]}`);
        expect(late.body).toMatchObject({ code: 'token_expired' });
      } finally {
        await auth.close();
      }
    }
    expect(seen[0]).toEqual(seen[1]);
    expect((await stat(join(first.dataDir, 'secrets.json'))).mode & 0o777).toBe(0o600);
  });

  it('puts the demo password right when the data folder was lost', async () => {
    const path = join(first.dataDir, 'secrets.json');
    const secrets = JSON.parse(await readFile(path, 'utf8')) as Record<string, string>;
    await writeFile(path, JSON.stringify({ ...secrets, demo_password: 'another-one-now' }));
    const auth = await startAuthApplication({ PERCH_DEMO_ACCOUNT: 'true' }, first);
    try {
      expect((await login(auth, 'demo@perch.local', 'another-one-now')).status).toBe(200);
    } finally {
      await auth.close();
    }
  });
});

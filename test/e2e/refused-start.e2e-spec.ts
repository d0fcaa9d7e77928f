import { spawn } from 'node:child_process';
import { createTestDatabase } from '../support/servers/test-database.js';

const GOOD_SECRET = 'Zq8v1xN4sLw7Kp2Rt6Yb9Dc3Fh5Jm0Ga';

/** The built application as a process of its own: how it ends, and what it says. */
async function start(env: Readonly<Record<string, string>>): Promise<{ code: number | null; said: string }> {
  const perch = spawn(process.execPath, ['dist/main.js'], {
    env: { PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [perch.stdout, perch.stderr])
    stream.on('data', (data: Buffer) => (said += data.toString()));
  const code = await new Promise<number | null>((resolve) => perch.once('exit', resolve));
  return { code, said };
}

describe('a start that is refused', () => {
  it('F36: ends with an error that names every fault of a production configuration, and shows no secret', async () => {
    const production = { NODE_ENV: 'production', DATABASE_URL: 'postgres://perch@127.0.0.1:1/perch' };
    const [missing, weak, faulty] = await Promise.all([
      start(production),
      start({ ...production, AUTH_JWT_SECRET: 'short' }),
      start({
        ...production,
        AUTH_JWT_SECRET: 'change-me-change-me-change-me-change-me',
        AUTH_ADMIN_EMAIL: 'root@example.com',
        AUTH_ADMIN_PASSWORD: 'password',
        AI_PROVIDER: 'anthropic',
      }),
    ]);
    for (const { code, said } of [missing, weak, faulty]) {
      expect(code).toBe(1);
      expect(said).toContain('AUTH_JWT_SECRET: ');
      expect(said).not.toContain('perch.started');
    }
    expect(faulty.said).toContain('AUTH_ADMIN_PASSWORD: ');
    expect(faulty.said).toContain('AI_API_KEY: ');
    expect(faulty.said).not.toContain('change-me-change-me');
  });

  it('F35: ends with a clear line where a newer build has used the database, and changes nothing in it', async () => {
    const database = await createTestDatabase();
    await database.dataSource.query(
      `INSERT INTO schema_migration (timestamp, name) VALUES (9999999999999, 'FromTheFuture9999999999999')`,
    );
    const { code, said } = await start({
      NODE_ENV: 'test',
      DATABASE_URL: database.url,
      AUTH_JWT_SECRET: GOOD_SECRET,
    });
    expect(code).toBe(1);
    expect(said).toContain('a newer version of Perch has used it');
    expect(said).not.toContain('perch.started');
    const migrations = await database.dataSource.query(
      `SELECT name FROM schema_migration ORDER BY timestamp DESC LIMIT 1`,
    );
    expect(migrations).toEqual([{ name: 'FromTheFuture9999999999999' }]);
    await database.drop();
  });
});

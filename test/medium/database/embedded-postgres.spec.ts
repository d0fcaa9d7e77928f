import { type ChildProcessByStdio, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { Client } from 'pg';
import { installedBinaries } from '../../../src/database/embedded/binaries.js';
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from '../../../src/database/embedded/embedded-postgres.js';
import { processStartTime, serversOf } from '../../../src/database/embedded/process-table.js';
import { until } from '../../support/until.js';

/** Copies of the binaries are 60 MB. */
jest.setTimeout(60_000);

const isRoot = process.getuid?.() === 0;
const OWNER = fileURLToPath(new URL('embedded-postgres-owner.mjs', import.meta.url));

/** Everything is made below a folder that any user may walk through, as in a real installation. */
describe(startEmbeddedPostgres.name, () => {
  let folder: string;
  let dataDir: string;
  let pgData: string;
  let entries: { event: string }[];
  const started: EmbeddedPostgres[] = [];
  const owners: ChildProcessByStdio<null, Readable, null>[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'perch-embedded-'));
    chmodSync(folder, 0o711);
    dataDir = join(folder, 'data');
    pgData = join(dataDir, 'postgres-18');
    entries = [];
  });

  afterEach(async () => {
    for (const owner of owners.splice(0)) {
      owner.kill('SIGKILL');
      owner.stdout.destroy();
    }
    for (const server of started.splice(0)) await server.stop();
    for (const pid of serversOf(pgData)) killIfAlive(pid);
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
    const log = (entry: object): void => void entries.push(entry as { event: string });
    const logger = { info: log, warn: log, error: log };
    const server = await startEmbeddedPostgres({ dataDir, logger, ...options });
    started.push(server);
    return server;
  }

  /** The server of another process, as a Perch that is killed leaves it. */
  async function startElsewhere() {
    const owner = spawn(process.execPath, [OWNER, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    owners.push(owner);
    for await (const line of createInterface({ input: owner.stdout })) {
      const { url, pid } = JSON.parse(line) as { url: string; pid: number };
      return { url, pid, owner };
    }
    throw new Error('The owner ended without a server.');
  }

  async function kill(owner: ChildProcessByStdio<null, Readable, null>): Promise<void> {
    owner.kill('SIGKILL');
    await until(() => owner.signalCode !== null);
  }

  const events = (): string[] => entries.map((entry) => entry.event);

  it('makes a database for us alone that speaks Unicode and survives a power cut', async () => {
    const server = await start();

    expect(await settingsOf(server.url)).toEqual({
      fsync: 'on',
      listen_addresses: '127.0.0.1',
      server_encoding: 'UTF8',
      upper: 'ÄÖ',
    });
    expect(statSync(pgData).mode & 0o777).toBe(0o700);
    expect(statSync(join(dataDir, 'postgres-password')).mode & 0o777).toBe(0o600);
    const withoutPassword = new URL(server.url);
    withoutPassword.password = 'wrong';
    await expect(query(withoutPassword.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('writes nothing of what is in it into its log, whatever fails', async () => {
    const server = await start();
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await client.query(`CREATE TEMP TABLE fact (text text UNIQUE)`);
    await client.query(`INSERT INTO fact VALUES ('kanarie')`);
    const failing: [sql: string, parameters?: string[]][] = [
      [`INSERT INTO fact VALUES ('kanarie')`],
      [`INSERT INTO fact VALUES ($1)`, ['kanarie']],
      [`SELECT $1::uuid`, ['kanarie']],
      [`SELECT 'kanarie' FROM kanarie`],
      [`DO $$ BEGIN RAISE WARNING 'kanarie'; RAISE 'kanarie'; END $$`],
    ];
    for (const [sql, parameters] of failing) await expect(client.query(sql, parameters)).rejects.toThrow();
    await client.end();
    await server.stop();
    const log = readFileSync(join(dataDir, 'postgres.log'), 'utf8');
    expect(log).toContain('database system is ready to accept connections');
    expect(log).not.toContain('kanarie');
  });

  it('keeps the data, the password and the port for the next start', async () => {
    const first = await start();
    await remember(first.url);
    await first.stop();

    const second = await start();

    expect(second.url).toBe(first.url);
    expect(await recall(second.url)).toBe('kept');
  });

  it('takes another port when the one of last time is taken', async () => {
    const first = await start();
    await remember(first.url);
    await first.stop();
    const squatter = createServer();
    await new Promise<void>((resolve) =>
      squatter.listen(Number(new URL(first.url).port), '127.0.0.1', resolve),
    );

    try {
      const second = await start();

      expect(second.url).not.toBe(first.url);
      expect(await recall(second.url)).toBe('kept');
    } finally {
      squatter.close();
    }
  });

  it('starts a server that was killed again, on the same port and with its data', async () => {
    const server = await start();
    await remember(server.url);

    process.kill(server.pid(), 'SIGKILL');

    await until(() => events().includes('database.embedded.restarted'), 20_000);
    expect(events()).toContain('database.embedded.exited');
    expect(await recall(server.url)).toBe('kept');
  });

  it('adopts the running server of a Perch that was killed, and stops it in the end', async () => {
    const { url, pid, owner } = await startElsewhere();
    await remember(url);
    await kill(owner);

    const server = await start();

    expect(events()).toEqual(['database.embedded.adopted']);
    expect(server.pid()).toBe(pid);
    expect(await recall(server.url)).toBe('kept');
    await server.stop();
    expect(serversOf(pgData)).toEqual([]);
  });

  it('recovers when everything was killed', async () => {
    const { url, owner } = await startElsewhere();
    await remember(url);
    await kill(owner);
    for (const pid of serversOf(pgData)) process.kill(pid, 'SIGKILL');

    const server = await start();

    expect(await recall(server.url)).toBe('kept');
  });

  it('starts when the pid in a stale pid file belongs to another process now', async () => {
    const first = await start();
    await remember(first.url);
    const pidFile = join(pgData, 'postmaster.pid');
    const recorded = readFileSync(pidFile, 'utf8');
    await first.stop();
    writeFileSync(pidFile, recorded.replace(/^\d+/, String(process.pid)));

    const second = await start();

    expect(await recall(second.url)).toBe('kept');
  });

  it('refuses a second Perch on the same folder and names the first', async () => {
    const { url, owner } = await startElsewhere();

    await expect(start()).rejects.toThrow(new RegExp(`pid ${owner.pid}.*PERCH_DATA_DIR`));

    expect(await query(url, 'SELECT 1 AS value')).toEqual([{ value: 1 }]);
  });

  it('takes over the lock of a dead process, even when its pid is in use again', async () => {
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'perch.lock'), JSON.stringify({ pid: process.pid, startTime: '1' }));

    const server = await start();

    const lock = JSON.parse(readFileSync(join(dataDir, 'perch.lock'), 'utf8')) as object;
    expect(lock).toEqual({ pid: process.pid, startTime: processStartTime(process.pid) });
    await server.stop();
    expect(existsSync(join(dataDir, 'perch.lock'))).toBe(false);
  });

  it('leaves no process behind, with clients connected and stopped twice', async () => {
    const server = await start();
    const client = new Client({ connectionString: server.url });
    client.on('error', () => undefined);
    await client.connect();

    await Promise.all([server.stop(), server.stop()]);

    expect(serversOf(pgData)).toEqual([]);
    expect(events()).toEqual(['database.embedded.started', 'database.embedded.stopped']);
    await client.end().catch(() => undefined);
  });

  it('shows the end of the server log when it does not start', async () => {
    const first = await start();
    await first.stop();
    writeFileSync(join(pgData, 'postgresql.conf'), 'no_such_setting = 1\n');

    await expect(start()).rejects.toThrow(/does not start.*no_such_setting/s);

    expect(serversOf(pgData)).toEqual([]);
  });

  it('says what to do when the password file is lost', async () => {
    const first = await start();
    await first.stop();
    rmSync(join(dataDir, 'postgres-password'));

    await expect(start()).rejects.toThrow(/postgres-password is missing/);
  });

  it('copies binaries that lack their library links', async () => {
    const installed = await installedBinaries();
    const root = join(folder, 'native');
    cpSync(installed.root, root, { recursive: true, verbatimSymlinks: true });
    for (const entry of readdirSync(join(root, 'lib'), { withFileTypes: true })) {
      if (entry.isSymbolicLink()) rmSync(join(root, 'lib', entry.name));
    }

    const server = await start({ binaries: { root, version: installed.version } });

    expect(await query(server.url, 'SELECT 1 AS value')).toEqual([{ value: 1 }]);
    expect(existsSync(join(dataDir, `postgres-binaries-${installed.version}`, 'bin', 'postgres'))).toBe(true);
  });

  // Only root starts the server as somebody else: for others there is nothing to refuse.
  if (isRoot) {
    it('copies binaries that the unprivileged user cannot reach', async () => {
      const installed = await installedBinaries();
      const closed = join(folder, 'closed');
      mkdirSync(closed, { mode: 0o700 });
      cpSync(installed.root, join(closed, 'native'), { recursive: true, verbatimSymlinks: true });

      const server = await start({ binaries: { root: join(closed, 'native'), version: installed.version } });

      expect(await query(server.url, 'SELECT 1 AS value')).toEqual([{ value: 1 }]);
    });

    it('names the folder that keeps the unprivileged user from the data', async () => {
      chmodSync(folder, 0o700);

      await expect(start()).rejects.toThrow(`chmod o+x ${folder}`);
    });

    it('runs the server as somebody else', async () => {
      const server = await start();

      expect(statSync(`/proc/${server.pid()}`).uid).toBeGreaterThan(0);
      expect(statSync(pgData).uid).toBe(statSync(`/proc/${server.pid()}`).uid);
    });
  }
});

async function query(url: string, sql: string): Promise<object[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<object>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function settingsOf(url: string): Promise<object | undefined> {
  const [settings] = await query(
    url,
    `SELECT current_setting('fsync') AS fsync, current_setting('listen_addresses') AS listen_addresses,
            current_setting('server_encoding') AS server_encoding, upper('äö') AS upper`,
  );
  return settings;
}

async function remember(url: string): Promise<void> {
  await query(url, `CREATE TABLE note AS SELECT 'kept' AS text`);
}

async function recall(url: string): Promise<string | undefined> {
  const [note] = (await query(url, 'SELECT text FROM note')) as { text: string }[];
  return note?.text;
}

/** One that was found may have ended by itself since. */
function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

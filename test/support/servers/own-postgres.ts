import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDataSource } from '../../../src/database/data-source.js';
import { installedBinaries, usableBinaries } from '../../../src/database/embedded/binaries.js';
import {
  dataPaths,
  initialiseOnce,
  makeDataDir,
  passwordOf,
  ROLE,
} from '../../../src/database/embedded/data-directory.js';
import {
  becomesReady,
  clearRemains,
  findPostmaster,
  launch,
  type LaunchOptions,
} from '../../../src/database/embedded/postmaster.js';
import { sendSignal, serversOf } from '../../../src/database/embedded/process-table.js';
import { chooseServerUser } from '../../../src/database/embedded/unprivileged-user.js';
import { migrate } from '../../../src/database/migrate.js';
import { until } from '../until.js';
import { freePort } from './free-port.js';
import { onServer, withDatabase } from './on-server.mjs';

/** A PostgreSQL server that belongs to one test, which may break it. Nobody starts it again but the test. */
export interface OwnPostgres {
  /** Of a fresh, migrated database; its role is the superuser. The same for as long as the server lives. */
  readonly url: string;
  /** Immediate shutdown, as in a crash: sessions are cut off. Resolves when no process of it is left. */
  stop(): Promise<void>;
  /** Starts it again on the same port and data. Resolves when it answers; does nothing to one that runs. */
  start(): Promise<void>;
  /** SIGSTOP to every process: connections stay open, new ones are accepted by the kernel, and nothing is answered. */
  pause(): void;
  /** SIGCONT to every process. */
  resume(): void;
  /** Ends the server and removes its data. */
  dispose(): Promise<void>;
}

const START_ATTEMPTS = 4;
const STOP_TIMEOUT_MS = 10_000;

/** Starts a private PostgreSQL with a migrated database; takes 1 to 3 s. Call `dispose()` in the end. */
export async function startOwnPostgres(): Promise<OwnPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'perch-own-postgres-'));
  // As root the server runs as somebody else, who has to walk through here.
  chmodSync(folder, 0o711);
  const dataDir = join(realpathSync(folder), 'data');
  const { pgData, log } = dataPaths(dataDir);
  const user = chooseServerUser(pgData);
  makeDataDir(dataDir, user !== undefined);
  const binaries = await usableBinaries(await installedBinaries(), dataDir, user);
  await initialiseOnce(dataDir, binaries, user);
  const port = await freePort();
  const maintenanceUrl = `postgres://${ROLE}:${passwordOf(dataDir)}@127.0.0.1:${port}/postgres`;
  const server = new PostgresProcesses(
    { binaries, pgData, user, port, logFile: log },
    maintenanceUrl,
    folder,
  );
  try {
    await server.start();
    await server.createDatabase();
    return server;
  } catch (error) {
    await server.dispose();
    throw error;
  }
}

const DATABASE = 'perch';

class PostgresProcesses implements OwnPostgres {
  readonly url: string;
  /** A test run that is cut off leaves no server behind. */
  readonly #onExit = (): void => this.#signal('SIGKILL');

  constructor(
    private readonly server: LaunchOptions,
    private readonly maintenanceUrl: string,
    private readonly folder: string,
  ) {
    this.url = withDatabase(maintenanceUrl, DATABASE);
    process.once('exit', this.#onExit);
  }

  async start(): Promise<void> {
    const { pgData } = this.server;
    if (findPostmaster(pgData)) return;
    // Right after a crash the old server's memory may be in use for a moment.
    for (let attempt = 0; attempt < START_ATTEMPTS; attempt += 1) {
      await clearRemains(pgData);
      let hasEnded = false;
      const child = launch(this.server);
      child.once('exit', () => (hasEnded = true));
      child.once('error', () => (hasEnded = true));
      if (await becomesReady(this.maintenanceUrl, pgData, () => hasEnded)) return;
    }
    throw new Error(`PostgreSQL does not start; see ${this.server.logFile}.`);
  }

  async createDatabase(): Promise<void> {
    await onServer(this.maintenanceUrl, (client) => client.query(`CREATE DATABASE ${DATABASE}`));
    const dataSource = await createDataSource({ url: this.url, poolSize: 2 }).initialize();
    try {
      await migrate(dataSource);
    } finally {
      await dataSource.destroy();
    }
  }

  async stop(): Promise<void> {
    this.resume();
    const postmaster = findPostmaster(this.server.pgData);
    if (postmaster) sendSignal(postmaster.pid, 'SIGQUIT');
    await until(() => serversOf(this.server.pgData).length === 0, STOP_TIMEOUT_MS);
  }

  pause(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  async dispose(): Promise<void> {
    await this.stop();
    process.off('exit', this.#onExit);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The first process before its children: once it stands still, no further ones come. */
  #signal(signal: NodeJS.Signals): void {
    const { pgData } = this.server;
    const first = findPostmaster(pgData)?.pid;
    if (first !== undefined) sendSignal(first, signal);
    for (const pid of serversOf(pgData)) if (pid !== first) sendSignal(pid, signal);
  }
}

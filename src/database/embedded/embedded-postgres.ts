import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { installedBinaries, type PostgresBinaries, usableBinaries } from './binaries.js';
import { choosePort, dataPaths, initialiseOnce, makeDataDir, passwordOf, ROLE } from './data-directory.js';
import { EmbeddedPostgresError } from './embedded-postgres.errors.js';
import { acquireInstanceLock, type InstanceLock } from './instance-lock.js';
import {
  becomesReady,
  clearRemains,
  findPostmaster,
  launch,
  type LaunchOptions,
  shutDown,
} from './postmaster.js';
import { isServerOf, sendSignal } from './process-table.js';
import { assertReachable, chooseServerUser } from './unprivileged-user.js';

export interface EmbeddedPostgresLogger {
  info(entry: object): void;
  warn(entry: object): void;
  error(entry: object): void;
}

export interface EmbeddedPostgresOptions {
  readonly dataDir: string;
  readonly logger: EmbeddedPostgresLogger;
  /** Left out: those that npm installed. */
  readonly binaries?: PostgresBinaries;
}

export interface EmbeddedPostgres {
  /** Of the maintenance database `postgres`; holds the password. The same for as long as this process lives. */
  readonly url: string;
  /** The pid of the server's first process; changes when it had to be started again. */
  readonly pid: () => number;
  /** Resolves when no process of the server is left. May be called more than once. */
  stop(): Promise<void>;
}

const START_ATTEMPTS = 4;
const START_RETRY_MS = 300;
const WATCH_INTERVAL_MS = 500;
const FIRST_RESTART_DELAY_MS = 100;
const MAX_RESTART_DELAY_MS = 10_000;
const LOG_TAIL_BYTES = 2_000;

/**
 * A PostgreSQL server of our own in the data folder: made at the first start, adopted when an earlier Perch was killed
 * and its server still runs, started again when it dies. Throws EmbeddedPostgresError when it cannot run here.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const user = chooseServerUser(dataPaths(options.dataDir).pgData);
  makeDataDir(options.dataDir, user !== undefined);
  const dataDir = realpathSync(options.dataDir);
  if (user) assertReachable(dataDir, user);
  const lock = acquireInstanceLock(dataDir);
  try {
    const { pgData, log } = dataPaths(dataDir);
    const binaries = await usableBinaries(options.binaries ?? (await installedBinaries()), dataDir, user);
    await initialiseOnce(dataDir, binaries, user);
    const port = findPostmaster(pgData)?.port ?? (await choosePort(dataDir));
    const supervisor = new EmbeddedPostgresSupervisor(
      { binaries, pgData, user, port, logFile: log },
      `postgres://${ROLE}:${passwordOf(dataDir)}@127.0.0.1:${port}/postgres`,
      options.logger,
      lock,
    );
    await supervisor.start();
    return supervisor;
  } catch (error) {
    lock.release();
    throw error;
  }
}

class EmbeddedPostgresSupervisor implements EmbeddedPostgres {
  readonly url: string;
  readonly #server: LaunchOptions;
  readonly #logger: EmbeddedPostgresLogger;
  readonly #lock: InstanceLock;
  #pid = 0;
  readonly #stopping = new AbortController();
  #watch: NodeJS.Timeout | undefined;
  #restart: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  /** A process that ends without stop() takes its server along. */
  readonly #onExit = (): void => {
    if (isServerOf(this.#pid, this.#server.pgData)) sendSignal(this.#pid, 'SIGINT');
  };

  constructor(server: LaunchOptions, url: string, logger: EmbeddedPostgresLogger, lock: InstanceLock) {
    this.#server = server;
    this.url = url;
    this.#logger = logger;
    this.#lock = lock;
  }

  pid = (): number => this.#pid;

  async start(): Promise<void> {
    const startedAt = performance.now();
    const isAdopted = await this.#adopt();
    if (!isAdopted) await this.#launch();
    process.once('exit', this.#onExit);
    this.#watchOver();
    this.#logger.info({
      event: isAdopted ? 'database.embedded.adopted' : 'database.embedded.started',
      serverPid: this.#pid,
      port: this.#server.port,
      durationMs: Math.round(performance.now() - startedAt),
    });
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#watch);
    await this.#restart;
    try {
      await shutDown(this.#pid, this.#server.pgData);
    } finally {
      process.off('exit', this.#onExit);
      this.#lock.release();
    }
    this.#logger.info({ event: 'database.embedded.stopped' });
  }

  async #adopt(): Promise<boolean> {
    const { pgData } = this.#server;
    const running = findPostmaster(pgData);
    if (!running) return false;
    // One that is shutting down ends meanwhile; then there is nothing to adopt.
    if (!(await becomesReady(this.url, pgData, () => !isServerOf(running.pid, pgData)))) return false;
    this.#pid = running.pid;
    return true;
  }

  /** Several attempts: right after a crash the old server's memory or port may be in use for a moment. */
  async #launch(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      if (await this.#tryLaunch()) return;
      if (attempt === START_ATTEMPTS || this.#stopping.signal.aborted) break;
      await this.#pause(START_RETRY_MS);
    }
    throw new EmbeddedPostgresError(
      `The embedded database does not start. The end of ${this.#server.logFile}:\n${logTail(this.#server.logFile)}`,
    );
  }

  async #tryLaunch(): Promise<boolean> {
    await clearRemains(this.#server.pgData);
    let hasEnded = false;
    const child = launch(this.#server);
    child.once('exit', () => (hasEnded = true));
    child.once('error', () => (hasEnded = true));
    const isUseless = (): boolean => hasEnded || this.#stopping.signal.aborted;
    let isReady = false;
    try {
      isReady = await becomesReady(this.url, this.#server.pgData, isUseless);
      if (isReady) this.#pid = child.pid!;
      return isReady;
    } finally {
      if (!isReady && child.pid) await shutDown(child.pid, this.#server.pgData);
    }
  }

  /** By the process table, because an adopted server is no child and sends no exit event. */
  #watchOver(): void {
    this.#watch = setInterval(() => {
      if (this.#restart ?? isServerOf(this.#pid, this.#server.pgData)) return;
      this.#logger.error({ event: 'database.embedded.exited', serverPid: this.#pid });
      this.#restart = this.#restartUntilItRuns().finally(() => (this.#restart = undefined));
    }, WATCH_INTERVAL_MS);
    this.#watch.unref();
  }

  async #restartUntilItRuns(): Promise<void> {
    for (let delayMs = FIRST_RESTART_DELAY_MS; !this.#stopping.signal.aborted;) {
      try {
        await this.#launch();
        this.#logger.warn({ event: 'database.embedded.restarted', serverPid: this.#pid });
        return;
      } catch (error) {
        this.#logger.error({ event: 'database.embedded.restart_failed', err: error });
      }
      await this.#pause(delayMs);
      delayMs = Math.min(delayMs * 2, MAX_RESTART_DELAY_MS);
    }
  }

  /** Cut short by stop(). */
  async #pause(durationMs: number): Promise<void> {
    await delay(durationMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

function logTail(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(size, LOG_TAIL_BYTES));
    readSync(file, tail, 0, tail.length, size - tail.length);
    return tail.toString().trim();
  } finally {
    closeSync(file);
  }
}

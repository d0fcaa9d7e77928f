import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { PostgresBinaries } from './binaries.js';
import { EmbeddedPostgresError, errorCode } from './embedded-postgres.errors.js';
import { isServerOf, sendSignal, serversOf, waitUntil } from './process-table.js';
import { SERVER_ENVIRONMENT } from './run-program.js';
import type { ServerUser } from './unprivileged-user.js';

const READY_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 3_000;
const FAST_STOP_MS = 10_000;
const IMMEDIATE_STOP_MS = 3_000;
const ORPHAN_GRACE_MS = 2_000;
const INVALID_PASSWORD = '28P01';

/** Modest: one process with a pool of ten or so connections. Crash safety stays on. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '60',
  shared_buffers: '32MB',
  max_wal_size: '256MB',
  io_method: 'sync',
  fsync: 'on',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Its log tells of the server, never of what is in it: statements, their parameters and the messages of failed ones may
  // quote what users wrote. Whoever made the statement is told, and logs what may be logged.
  log_statement: 'none',
  log_duration: 'off',
  log_min_duration_statement: '-1',
  log_min_duration_sample: '-1',
  log_min_error_statement: 'panic',
  log_min_messages: 'log',
  log_error_verbosity: 'terse',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_transaction_sample_rate: '0',
};

/** A running server: the pid of its first process and what it listens on. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

export interface LaunchOptions {
  readonly binaries: PostgresBinaries;
  readonly pgData: string;
  readonly user: ServerUser | undefined;
  readonly port: number;
  readonly logFile: string;
}

/** Starts the server in a session of its own: Ctrl-C in a terminal reaches Perch alone. */
export function launch({ binaries, pgData, user, port, logFile }: LaunchOptions): ChildProcess {
  const log = openSync(logFile, 'w', 0o600);
  try {
    const settings = Object.entries({ ...SETTINGS, port: String(port) });
    const args = ['-D', pgData, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
    const child = spawn(join(binaries.root, 'bin', 'postgres'), args, {
      ...user,
      cwd: pgData,
      env: SERVER_ENVIRONMENT,
      stdio: ['ignore', log, log],
      detached: true,
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** The server that works in the folder, as far as the process table shows; it may be starting, stopping or hung. */
export function findPostmaster(pgData: string): Postmaster | undefined {
  const recorded = readPidFile(pgData);
  return recorded && isServerOf(recorded.pid, pgData) ? recorded : undefined;
}

/**
 * Before a start: after `kill -9` of the first process its children may live on for a moment, and the pid file may name
 * a pid that now belongs to someone else. PostgreSQL would refuse to start for either.
 */
export async function clearRemains(pgData: string): Promise<void> {
  await endProcessesOf(pgData, ORPHAN_GRACE_MS);
  const recorded = readPidFile(pgData);
  // A zombie counts as taken: in a container without an init process nobody collects the killed server.
  const isPidTaken = recorded !== undefined && existsSync(`/proc/${recorded.pid}`);
  if (isPidTaken) rmSync(join(pgData, 'postmaster.pid'), { force: true });
}

/**
 * Waits until the server answers a query and says that it serves this folder. Returns false when `isGone` says that it
 * ended. Throws when it refuses the password or does not answer within 30 s.
 */
export async function becomesReady(url: string, pgData: string, isGone: () => boolean): Promise<boolean> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  let lastError: unknown;
  while (performance.now() < deadline) {
    if (isGone()) return false;
    try {
      if ((await servedFolder(url)) === pgData) return true;
      lastError = new Error('another server answers on its port');
    } catch (error) {
      if (errorCode(error) === INVALID_PASSWORD) {
        throw new EmbeddedPostgresError('The embedded database refuses the password in its folder.', {
          cause: error,
        });
      }
      lastError = error;
    }
    await delay(20);
  }
  throw new EmbeddedPostgresError('The embedded database did not answer within 30 s.', { cause: lastError });
}

/** A pid file and an open port prove nothing right after a crash; an answered query does. */
async function servedFolder(url: string): Promise<string | undefined> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ folder: string }>(
      `SELECT current_setting('data_directory') AS folder`,
    );
    return rows[0]?.folder;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Fast shutdown, then harder ones; resolves when no process of the server is left. */
export async function shutDown(pid: number, pgData: string): Promise<void> {
  const isGone = (): boolean => !isServerOf(pid, pgData);
  const steps: [NodeJS.Signals, number][] = [
    ['SIGINT', FAST_STOP_MS],
    ['SIGQUIT', IMMEDIATE_STOP_MS],
    ['SIGKILL', IMMEDIATE_STOP_MS],
  ];
  for (const [signal, timeoutMs] of steps) {
    if (isGone()) break;
    sendSignal(pid, signal);
    if (await waitUntil(isGone, timeoutMs)) break;
  }
  await endProcessesOf(pgData, ORPHAN_GRACE_MS);
}

/** Children leave by themselves when the first process is gone; those that do not are killed. */
async function endProcessesOf(pgData: string, graceMs: number): Promise<void> {
  const isEmpty = (): boolean => serversOf(pgData).length === 0;
  if (await waitUntil(isEmpty, graceMs)) return;
  for (const pid of serversOf(pgData)) sendSignal(pid, 'SIGKILL');
  if (await waitUntil(isEmpty, graceMs)) return;
  throw new EmbeddedPostgresError(
    `Processes ${serversOf(pgData).join(', ')} still use ${pgData} and cannot be ended.`,
  );
}

/** Line 1 is the pid, line 4 the port. */
function readPidFile(pgData: string): Postmaster | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(pgData, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return pid > 0 ? { pid, port } : undefined;
}

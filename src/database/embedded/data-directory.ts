import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.errors.js';
import type { PostgresBinaries } from './binaries.js';
import { runProgram } from './run-program.js';
import type { ServerUser } from './unprivileged-user.js';

/** The one role of the embedded server. */
export const ROLE = 'perch';

const INITDB_TIMEOUT_MS = 60_000;

/** Where the embedded server keeps its things. The major version is in the name: another one cannot read the files. */
export function dataPaths(dataDir: string) {
  return {
    pgData: join(dataDir, 'postgres-18'),
    draft: join(dataDir, 'postgres-18.new'),
    password: join(dataDir, 'postgres-password'),
    passwordForInitdb: join(dataDir, 'postgres-password.initdb'),
    port: join(dataDir, 'postgres-port'),
    log: join(dataDir, 'postgres.log'),
  };
}

/** Creates the folder for us alone; with a server user it stays ours, but that user may walk through it. */
export function makeDataDir(dataDir: string, isSharedWithServerUser: boolean): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: isSharedWithServerUser ? 0o711 : 0o700 });
    if (isSharedWithServerUser) chmodSync(dataDir, statSync(dataDir).mode | 0o011);
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The data folder ${dataDir} cannot be made or opened. Choose another one with PERCH_DATA_DIR.`,
      { cause: error },
    );
  }
}

/** Makes the server's files once. It happens in a draft folder, so that a half-made one is never taken for data. */
export async function initialiseOnce(
  dataDir: string,
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
): Promise<void> {
  const paths = dataPaths(dataDir);
  if (existsSync(paths.pgData)) {
    if (user) giveTo(paths.pgData, user);
    return;
  }
  rmSync(paths.draft, { recursive: true, force: true });
  mkdirSync(paths.draft, { mode: 0o700 });
  writePrivate(paths.passwordForInitdb, passwordOf(dataDir, true));
  if (user) {
    chownSync(paths.draft, user.uid, user.gid);
    chownSync(paths.passwordForInitdb, user.uid, user.gid);
  }
  const { isOk, output } = await runProgram(
    join(binaries.root, 'bin', 'initdb'),
    [
      ...['--pgdata', paths.draft, '--username', ROLE, '--pwfile', paths.passwordForInitdb],
      ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--no-instructions'],
      // The server's own Unicode rules: the machine's may be missing, and may change under the indexes.
      ...['--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
    ],
    user,
    INITDB_TIMEOUT_MS,
  );
  rmSync(paths.passwordForInitdb, { force: true });
  if (!isOk) {
    const hint = output.includes('could not look up effective user ID')
      ? ' PostgreSQL needs the user in /etc/passwd: run Perch as one that is there, or set DATABASE_URL.'
      : '';
    throw new EmbeddedPostgresError(`The embedded database could not be created: ${output.trim()}.${hint}`);
  }
  renameSync(paths.draft, paths.pgData);
}

/** The password of ROLE, generated once. */
export function passwordOf(dataDir: string, mayGenerate = false): string {
  const { password, pgData } = dataPaths(dataDir);
  if (existsSync(password)) return readFileSync(password, 'utf8').trim();
  if (!mayGenerate) {
    throw new EmbeddedPostgresError(
      `${password} is missing, and without it the data in ${pgData} cannot be opened. Restore the file from a backup.`,
    );
  }
  const generated = randomBytes(24).toString('hex');
  writePrivate(password, generated);
  return generated;
}

/** The port of last time when it is still free, else another one; remembered either way. */
export async function choosePort(dataDir: string): Promise<number> {
  const path = dataPaths(dataDir).port;
  const last = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  const port = (await freePort(Number.isInteger(last) && last < 65_536 ? last : 0)) ?? (await freePort(0));
  if (port === undefined) throw new EmbeddedPostgresError('No port is free on 127.0.0.1.');
  writePrivate(path, String(port));
  return port;
}

function freePort(wanted: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}

/** Written aside first: a crash leaves the old file or the new one. */
function writePrivate(path: string, content: string): void {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, content, { mode: 0o600, flush: true });
  renameSync(draft, path);
}

/** For data that was copied or restored by root. */
function giveTo(path: string, user: ServerUser): void {
  if (statSync(path).uid === user.uid) return;
  const give = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const child = join(folder, entry.name);
      if (entry.isDirectory()) give(child);
      else lchownSync(child, user.uid, user.gid);
    }
    // The top folder last: as long as it is root's, an interrupted change of owner is seen and done again.
    chownSync(folder, user.uid, user.gid);
  };
  give(path);
}

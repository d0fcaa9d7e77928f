import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgresError, errorCode } from './embedded-postgres.errors.js';
import { processStartTime } from './process-table.js';

export interface InstanceLock {
  release(): void;
}

interface Holder {
  readonly pid: number;
  readonly startTime: string;
}

/**
 * Makes this process the only one that works with the data folder. What a killed process left is taken over. Throws
 * when a living one holds it.
 */
export function acquireInstanceLock(dataDir: string): InstanceLock {
  const path = join(dataDir, 'perch.lock');
  const mine = JSON.stringify({ pid: process.pid, startTime: processStartTime(process.pid) });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, mine, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      if (tryLink(draft, path)) return { release: () => releaseIfMine(path, mine) };
      const found = readText(path);
      const holder = parseHolder(found);
      if (holder && processStartTime(holder.pid) === holder.startTime) {
        throw new EmbeddedPostgresError(
          `Another Perch (pid ${holder.pid}) is using ${dataDir}. Stop it, or give this one a folder of its own with PERCH_DATA_DIR.`,
        );
      }
      moveAway(path, found);
    }
    throw new EmbeddedPostgresError(`Several processes are starting in ${dataDir} at once. Try again.`);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** A link appears with its content at once, and fails when the name is taken. */
function tryLink(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Renaming first: between the look and the removal another process may have put its own lock there. */
function moveAway(path: string, expected: string | undefined): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  if (readText(aside) !== expected) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function releaseIfMine(path: string, mine: string): void {
  if (readText(path) === mine) rmSync(path, { force: true });
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parseHolder(text: string | undefined): Holder | undefined {
  try {
    const holder = JSON.parse(text ?? '') as Partial<Holder>;
    return typeof holder.pid === 'number' && typeof holder.startTime === 'string'
      ? (holder as Holder)
      : undefined;
  } catch {
    return undefined;
  }
}

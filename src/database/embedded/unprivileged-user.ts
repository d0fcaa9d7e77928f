import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.errors.js';

/** Whom the server runs as. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

const PREFERRED = ['perch', 'postgres', 'nobody'];
const OVERFLOW_ID = 65_534;

/**
 * PostgreSQL refuses to run as root. Whoever owns the existing data goes on owning it. `undefined`: run as we are.
 */
export function chooseServerUser(pgData: string): ServerUser | undefined {
  const owner = ownerOf(pgData);
  const self = process.getuid?.();
  if (self !== 0) {
    if (owner && owner.uid !== self) {
      throw new EmbeddedPostgresError(
        `${pgData} belongs to another user (uid ${owner.uid}). Run Perch as before, or give it another folder with PERCH_DATA_DIR.`,
      );
    }
    return undefined;
  }
  if (owner && owner.uid !== 0) return owner;
  return userFromPasswd(readFileSync('/etc/passwd', 'utf8')) ?? { uid: OVERFLOW_ID, gid: OVERFLOW_ID };
}

export function userFromPasswd(passwd: string): ServerUser | undefined {
  const users = new Map(
    passwd.split('\n').map((line) => {
      const [name, , uid, gid] = line.split(':');
      return [name, { uid: Number(uid), gid: Number(gid) }];
    }),
  );
  return PREFERRED.map((name) => users.get(name)).find((user) => user && user.uid > 0 && user.gid > 0);
}

/** Throws with the name of the first folder that keeps the user from reaching the data. */
export function assertReachable(folder: string, user: ServerUser): void {
  const closed = closedFolderOf(realpathSync(folder), user);
  if (closed === undefined) return;
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL does not run as root but as uid ${user.uid}, and that user cannot enter ${closed}. ` +
      `Open it with "chmod o+x ${closed}", or choose another folder with PERCH_DATA_DIR.`,
  );
}

function closedFolderOf(folder: string, user: ServerUser): string | undefined {
  const parent = dirname(folder);
  const above = parent === folder ? undefined : closedFolderOf(parent, user);
  if (above !== undefined) return above;
  const { mode, uid, gid } = statSync(folder);
  const execute = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
  return (mode & execute) === 0 ? folder : undefined;
}

function ownerOf(path: string): ServerUser | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && { uid: stats.uid, gid: stats.gid };
}

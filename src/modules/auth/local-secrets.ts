import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Secret } from '../../config/secret.js';

/** What Perch makes up for itself on a machine where nobody configured it. Kept, so that a restart changes nothing. */
export interface LocalSecrets {
  readonly jwtSecret: Secret;
  readonly demoPassword: Secret;
}

export const LOCAL_SECRETS_FILE = 'secrets.json';

const fileSchema = z.looseObject({
  jwt_secret: z.string().min(32).optional(),
  demo_password: z.string().min(8).optional(),
});

/**
 * Reads `secrets.json` in the data folder; what is missing is generated and written (readable by its owner only). Throws
 * an Error that names the file when it cannot be read, understood or written.
 */
export async function localSecrets(dataDir: string): Promise<LocalSecrets> {
  const path = join(dataDir, LOCAL_SECRETS_FILE);
  try {
    const found = await read(path);
    if (found?.jwt_secret !== undefined && found.demo_password !== undefined) return reveal(found);
    await mkdir(dataDir, { recursive: true });
    await write(path, { ...generate(), ...found }, found === undefined);
    return reveal(await read(path));
  } catch (error) {
    const advice = 'set AUTH_JWT_SECRET or another PERCH_DATA_DIR';
    throw new Error(`${path}: cannot be used for generated secrets; ${advice}`, { cause: error });
  }
}

type SecretsFile = z.output<typeof fileSchema>;

async function read(path: string): Promise<SecretsFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's own message would quote a piece of the file.
    throw new Error('is not JSON');
  }
  return fileSchema.parse(content);
}

/** Written aside first, so that the file is never seen half-written. Of two first starts at once one wins. */
async function write(path: string, content: SecretsFile, isFirst: boolean): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  if (!isFirst) return rename(draft, path);
  try {
    await link(draft, path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function generate(): SecretsFile {
  return {
    jwt_secret: randomBytes(48).toString('base64url'),
    demo_password: randomBytes(12).toString('base64url'),
  };
}

function reveal(file: SecretsFile | undefined): LocalSecrets {
  if (file?.jwt_secret === undefined || file.demo_password === undefined) throw new Error('incomplete');
  return { jwtSecret: new Secret(file.jwt_secret), demoPassword: new Secret(file.demo_password) };
}

function isErrno(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === code;
}

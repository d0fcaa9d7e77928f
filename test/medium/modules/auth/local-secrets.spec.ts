import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { localSecrets } from '../../../../src/modules/auth/local-secrets.js';

describe(localSecrets.name, () => {
  let root: string;
  let dataDir: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'perch-secrets-'));
    dataDir = join(root, 'not', 'there', 'yet');
  });
  afterEach(() => rm(root, { recursive: true }));

  const revealed = async () => {
    const { jwtSecret, demoPassword } = await localSecrets(dataDir);
    return [jwtSecret.reveal(), demoPassword.reveal()];
  };

  it('are the same for all who ask for the first time at once, and afterwards', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, revealed));
    for (const one of all) expect(one).toEqual(all[0]);
    expect(await revealed()).toEqual(all[0]);
    expect(all[0]![0]!.length).toBeGreaterThanOrEqual(43);
    expect(await readdir(dataDir)).toEqual(['secrets.json']);
    expect((await stat(join(dataDir, 'secrets.json'))).mode & 0o777).toBe(0o600);
  });

  it('complete a file that holds a part, and leave what others keep in it', async () => {
    const path = join(dataDir, 'secrets.json');
    await mkdir(dataDir, { recursive: true });
    await writeFile(path, JSON.stringify({ jwt_secret: 'k'.repeat(40), database_password: 'theirs' }));
    const [jwtSecret, demoPassword] = await revealed();
    expect(jwtSecret).toBe('k'.repeat(40));
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      jwt_secret: 'k'.repeat(40),
      database_password: 'theirs',
      demo_password: demoPassword,
    });
  });

  it.each(['{"jwt_secret": ', '[]', '{"jwt_secret": "short"}'])(
    'refuse to overwrite %s, and say which file it is',
    async (text) => {
      const path = join(dataDir, 'secrets.json');
      await mkdir(dataDir, { recursive: true });
      await writeFile(path, text);
      await expect(revealed()).rejects.toThrow(path);
      expect(await readFile(path, 'utf8')).toBe(text);
    },
  );
});

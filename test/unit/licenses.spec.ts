import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Package {
  readonly license?: unknown;
  readonly licenses?: unknown;
  readonly dev?: boolean;
  /** It is in the lock file alone: for another platform. */
  readonly isElsewhere?: boolean;
}

/** Exit code and complaint of `npm run licenses` where this one package is installed. */
async function verdictOn({ dev, isElsewhere, ...manifest }: Package): Promise<[number, string]> {
  const root = mkdtempSync(join(tmpdir(), 'perch-licences-'));
  const path = 'node_modules/@some/package';
  const locked = { version: '1.0.0', ...(dev ? { dev } : {}), ...(isElsewhere ? manifest : {}) };
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': {}, [path]: locked } }));
  if (!isElsewhere) {
    mkdirSync(join(root, path), { recursive: true });
    writeFileSync(join(root, path, 'package.json'), JSON.stringify(manifest));
  }
  const verdict = await new Promise<[number, string]>((resolve) => {
    execFile(process.execPath, ['scripts/licenses.mjs', root], (error, _, stderr) =>
      resolve([Number(error?.code ?? 0), stderr.split('\n')[1] ?? '']),
    );
  });
  rmSync(root, { recursive: true });
  return verdict;
}

describe('npm run licenses', () => {
  it.each<Package>([
    { license: 'MIT' },
    { license: '(GPL-3.0 OR Apache-2.0)' },
    { license: '(MIT AND BSD-3-Clause)' },
    { licenses: [{ type: 'MIT' }] },
    { license: { type: 'ISC' } },
    { license: 'MIT', isElsewhere: true },
    { license: 'GPL-3.0', dev: true },
  ])('agrees to %j', async (one) => expect(await verdictOn(one)).toEqual([0, '']));

  it.each<[Package, string]>([
    [{ license: 'GPL-3.0-only' }, 'GPL-3.0-only'],
    [{ license: 'MIT AND LGPL-2.1' }, 'MIT AND LGPL-2.1'],
    [{ license: 'SEE LICENSE IN LICENSE.md' }, 'SEE LICENSE IN LICENSE.md'],
    [{ license: 'UNLICENSED' }, 'UNLICENSED'],
    [{ license: 'AGPL-3.0', isElsewhere: true }, 'AGPL-3.0'],
    [{}, 'no licence'],
  ])('names %j', async (one, said) =>
    expect(await verdictOn(one)).toEqual([1, `@some/package@1.0.0: ${said}`]),
  );
});

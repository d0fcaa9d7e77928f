import { readFileSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);
const ROW = /^\| `([^`]+\.ts)` +\| (.+?) +\|$/;

/** The table of ARCHITECTURE.md: the file of a test, and its title. */
const INVARIANTS = readFileSync(new URL('ARCHITECTURE.md', ROOT), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const match = ROW.exec(line);
    return match ? [[match[1]!, match[2]!] as const] : [];
  });

describe('the invariants of ARCHITECTURE.md', () => {
  it('are listed', () => {
    expect(INVARIANTS.length).toBeGreaterThan(20);
  });

  it.each(INVARIANTS)('%s: %s', (file, title) => {
    const titles = [
      ...readFileSync(new URL(file, ROOT), 'utf8').matchAll(/(['"`])((?:(?!\1).)+)\1,\s*(?:async )?\(/g),
    ];
    expect(titles.map((match) => match[2])).toContain(title);
  });
});

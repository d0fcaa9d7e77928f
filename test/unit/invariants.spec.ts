import { readFileSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);
/** In ARCHITECTURE.md: a row of the file of a test, and its title. */
const ROW = /^\| `([^`]+\.ts)` +\| (.+?) +\|$/gm;
/** In SECURITY.md: the same within a cell, one after the other. */
const PART_OF_CELL = /`([^`|]+\.ts)`: (.+?)(?=<br>| +\|)/g;

const named = (document: string, pattern: RegExp): (readonly [file: string, title: string])[] =>
  [...readFileSync(new URL(document, ROOT), 'utf8').matchAll(pattern)].map(
    (match) => [match[1]!, match[2]!] as const,
  );

const INVARIANTS = named('ARCHITECTURE.md', ROW);
const DEFENCES = named('SECURITY.md', PART_OF_CELL);

function expectTest(file: string, title: string): void {
  const titles = [
    ...readFileSync(new URL(file, ROOT), 'utf8').matchAll(/(['"`])((?:(?!\1).)+)\1,\s*(?:async )?\(/g),
  ];
  expect(titles.map((match) => match[2])).toContain(title);
}

describe('the invariants of ARCHITECTURE.md', () => {
  it('are listed', () => {
    expect(INVARIANTS.length).toBeGreaterThan(20);
  });

  it.each(INVARIANTS)('%s: %s', expectTest);
});

describe('the defences of SECURITY.md', () => {
  it('are listed, for each of the thirty risks', () => {
    const rows = readFileSync(new URL('SECURITY.md', ROOT), 'utf8').match(/^\| (LLM|ASI|API)\d+ .*$/gm)!;
    expect(rows).toHaveLength(30);
    expect(
      rows.filter((row) => named('SECURITY.md', PART_OF_CELL).every(([file]) => !row.includes(file))),
    ).toEqual([]);
    expect(DEFENCES.length).toBeGreaterThan(60);
  });

  it.each(DEFENCES)('%s: %s', expectTest);
});

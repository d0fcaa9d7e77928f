import { readdirSync, readFileSync } from 'node:fs';

const SOURCE = new URL('../../src/', import.meta.url);

describe('the classes of the contract', () => {
  it('have different names: in the OpenAPI document one would take the place of the other', () => {
    const names = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.dto\.ts$|-page\.ts$/.test(file))
      .flatMap((file) => [...readFileSync(new URL(file, SOURCE), 'utf8').matchAll(/^export class (\w+)/gm)])
      .map((match) => match[1]!);
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

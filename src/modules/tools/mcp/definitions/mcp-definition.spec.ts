import { readDefinitions } from './mcp-definition.js';

const tool = (name: unknown, more: Record<string, unknown> = {}) => ({
  name,
  description: 'Does it.',
  inputSchema: { type: 'object' },
  ...more,
});
const hashOf = (more: Record<string, unknown>): string => readDefinitions([tool('a', more)]).seen[0]!.hash;

describe(readDefinitions.name, () => {
  it('takes what is fine and says why it leaves out the rest', () => {
    const { seen, dropped } = readDefinitions([
      tool('good'),
      tool('good', { description: 'another of the same name' }),
      tool(''),
      tool(7),
      null,
      tool('hidden\u200bname'),
      tool('right\u202etoleft'),
      tool('null\u0000byte'),
      tool('x'.repeat(200)),
      tool('no-schema', { inputSchema: undefined }),
      tool('large', {
        inputSchema: {
          type: 'object',
          description: 'd',
          properties: Object.fromEntries(
            Array.from({ length: 60 }, (_, i) => [`p${i}`, { description: 'x'.repeat(900) }]),
          ),
        },
      }),
    ]);
    expect(seen.map(({ definition }) => definition.name)).toEqual(['good']);
    expect(dropped.map(({ reason }) => reason)).toEqual([
      ...['name_twice', 'name', 'name', 'name', 'name', 'name', 'name', 'name'],
      ...['schema_of_no_object', 'too_much_text'],
    ]);
  });

  it('takes at most 128 of ten thousand tools, within moments', () => {
    const startedMs = performance.now();
    const { seen, dropped } = readDefinitions(Array.from({ length: 10_000 }, (_, i) => tool(`t${i}`)));
    expect([seen.length, dropped.length]).toEqual([128, 9_872]);
    expect(performance.now() - startedMs).toBeLessThan(300);
  });

  it('takes no more text of a server than a prompt can bear', () => {
    const { seen } = readDefinitions(
      Array.from({ length: 128 }, (_, i) => tool(`t${i}`, { description: 'x'.repeat(4_000) })),
    );
    expect(JSON.stringify(seen.map(({ definition }) => definition)).length).toBeLessThan(270_000);
  });

  it('cuts a description of ten megabytes and takes out what cannot be seen', () => {
    const { definition } = readDefinitions([
      tool('a', {
        description: `Reads\u202e a\u200b file\u{E0049}\u{E0047}.\u0007\r\n${'x'.repeat(10_000_000)}`,
      }),
    ]).seen[0]!;
    expect(definition.description).toMatch(/^Reads a file\.\nx+…$/);
    expect(definition.description.length).toBeLessThan(4_002);
  });

  it('keeps of the annotations what the protocol knows', () => {
    const annotations = { readOnlyHint: true, title: 'x', destructiveHint: 'no', other: true };
    expect(readDefinitions([tool('a', { annotations })]).seen[0]!.definition.annotations).toEqual({
      readOnlyHint: true,
    });
  });

  it('offers only what the operator wants', () => {
    const { seen, dropped } = readDefinitions([tool('a'), tool('b'), tool('c\u0000')], { allowed: ['b'] });
    expect(seen.map(({ definition }) => definition.name)).toEqual(['b']);
    expect(dropped).toEqual([]);
  });

  it('takes out what the server was called with, however it is hidden', () => {
    const hide = (text: string): string => text.replaceAll('canary', '[redacted]');
    const properties = { can: { description: 'canary', enum: ['canary'] } };
    const { seen } = readDefinitions(
      [tool('a', { description: 'can\u200bary canary', inputSchema: { type: 'object', properties } })],
      { hide },
    );
    expect(JSON.stringify(seen)).not.toContain('canary');
    expect(seen[0]!.definition.description).toBe('[redacted] [redacted]');
  });

  it('gives another hash for whatever changed, also where it cannot be seen, and the same for another order', () => {
    const schema = { type: 'object', properties: { a: { type: 'string', description: 'x' } } };
    const reordered = { properties: { a: { description: 'x', type: 'string' } }, type: 'object' };
    expect(hashOf({ inputSchema: schema })).toBe(hashOf({ inputSchema: reordered }));
    const hashes = [
      {},
      { description: 'Does it!' },
      { description: 'Does it.\u200b' },
      { title: 'A title' },
      { inputSchema: schema },
      { inputSchema: { ...schema, properties: { a: { type: 'string', description: 'y' } } } },
      { inputSchema: { type: 'object', pattern: 'x' } },
      { annotations: { readOnlyHint: true } },
      { annotations: { readOnlyHint: false } },
    ].map(hashOf);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

import { declareTool } from './declare-tool.js';

const declared = (inputSchema: Record<string, unknown>, description = ''): string =>
  declareTool({ name: 'find', description, inputSchema });

describe(declareTool.name, () => {
  it('writes a tool as a type, with its descriptions as comments', () => {
    const text = declared(
      {
        type: 'object',
        required: ['query'],
        properties: {
          query: { type: 'string', title: 'Query', description: 'What to look for.\nIn words.' },
          limit: { type: 'integer', default: 10 },
          kind: { enum: ['order', 'invoice'] },
          tags: { type: 'array', items: { type: 'string' } },
          since: { anyOf: [{ type: 'string' }, { type: 'null' }] },
          where: { type: 'object', properties: { city: { type: ['string', 'null'] } } },
        },
      },
      'Finds things.',
    );

    expect(text).toBe(
      [
        '// Finds things.',
        'type find = (_: {',
        '// Query',
        '// What to look for.',
        '// In words.',
        'query: string,',
        'limit?: number, // default: 10',
        'kind?: "order" | "invoice",',
        'tags?: string[],',
        'since?: string | null,',
        'where?: {',
        '  city?: string | null,',
        '  },',
        '}) => any;',
        '',
        '',
      ].join('\n'),
    );
  });

  it('writes a tool without parameters', () => {
    expect(declared({ type: 'object' })).toBe('type find = () => any;\n\n');
  });

  it('follows references within the schema', () => {
    const $defs = { City: { type: 'object', properties: { name: { type: 'string' } } } };

    expect(
      declared({ $defs, properties: { at: { $ref: '#/$defs/City', description: 'Where.' } } }),
    ).toContain('// Where.\nat?: {\n  name?: string,\n  },');
  });

  it('ends for a schema that refers to itself, or grows with each reference', () => {
    const wide = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`member${index}`, { $ref: '#/$defs/Node' }]),
    );
    const schema = { $defs: { Node: { type: 'object', properties: wide } }, properties: wide };

    expect(declared(schema).length).toBeLessThan(200_000);
    expect(declared({ properties: { self: { $ref: '#' } } })).toContain('any');
  });

  it.each([{ properties: 7 }, { properties: { a: 1 } }, { properties: { a: { $ref: '#/nowhere' } } }, {}])(
    'takes what is no schema for anything: %j',
    (schema) => {
      expect(declared(schema)).toContain('type find = ');
    },
  );
});

import { cleanInputSchema, UnusableSchema } from './clean-input-schema.js';

const clean = (members: Record<string, unknown>) => cleanInputSchema({ type: 'object', ...members });
const property = (schema: unknown, more: Record<string, unknown> = {}): unknown =>
  (clean({ properties: { p: schema }, ...more }) as { properties: { p: unknown } }).properties.p;

describe(cleanInputSchema.name, () => {
  it('keeps what models and checks need, and leaves out the rest', () => {
    expect(
      clean({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $id: 'https://attacker.example/schema',
        properties: {
          query: {
            type: 'string',
            description: 'What to look for.',
            minLength: 1,
            pattern: '^(a+)+$',
            format: 'regex',
          },
          tags: { type: 'array', items: { type: 'string' }, uniqueItems: true },
        },
        required: ['query'],
        additionalProperties: false,
        if: {},
        then: {},
      }),
    ).toEqual({
      type: 'object',
      properties: {
        query: { type: 'string', description: 'What to look for.', minLength: 1 },
        tags: { type: 'array', items: { type: 'string' } },
      },
      required: ['query'],
      additionalProperties: false,
    });
  });

  it('puts what is referred to in the place of the reference', () => {
    const $defs = { 'a/b': { type: 'string', description: 'old' } };
    expect(property({ $ref: '#/$defs/a~1b', description: 'new' }, { $defs })).toEqual({
      type: 'string',
      description: 'new',
    });
    expect(property({ $ref: '#/$defs/a~1b', maxLength: 3 }, { $defs })).toEqual({
      allOf: [{ type: 'string', description: 'old' }, { maxLength: 3 }],
    });
  });

  it('ends where a schema refers to itself', () => {
    const node = { type: 'object', properties: { next: { $ref: '#/$defs/node' } } };
    expect(property({ $ref: '#/$defs/node' }, { $defs: { node } })).toEqual({
      type: 'object',
      properties: { next: {} },
    });
    expect(property({ $ref: '#' })).toBeDefined();
  });

  it('refuses no arguments that the schema lets through, where it understands only a part of it', () => {
    expect(
      property({ type: 'object', patternProperties: { '^x-': {} }, additionalProperties: false }),
    ).toEqual({
      type: 'object',
    });
    expect(property({ oneOf: [{ pattern: '^a' }, { pattern: '^b' }] })).toEqual({ anyOf: [{}, {}] });
  });

  it.each([
    ['is no object', 'schema_of_no_object', 7],
    ['is a schema of a string', 'schema_of_no_object', { type: 'string' }],
    [
      'refers to the outside',
      'schema_external_reference',
      { type: 'object', properties: { a: { $ref: 'https://a.example/s' } } },
    ],
    [
      'refers to a file',
      'schema_external_reference',
      { type: 'object', properties: { a: { $ref: 'file:///etc/passwd' } } },
    ],
    [
      'refers to what is not there',
      'schema_external_reference',
      { type: 'object', allOf: [{ $ref: '#/$defs/a' }] },
    ],
    [
      'refers to a prototype',
      'schema_external_reference',
      { type: 'object', allOf: [{ $ref: '#/constructor/prototype' }] },
    ],
    ['has members that are no schemas', 'schema_malformed', { type: 'object', properties: { a: 7 } }],
    [
      'names a parameter as no vendor takes it',
      'schema_property_name',
      { type: 'object', properties: { 'a b': {} } },
    ],
    [
      'names a parameter __proto__',
      'schema_property_name',
      JSON.parse('{"type":"object","properties":{"__proto__":{}}}'),
    ],
    [
      'is too large',
      'schema_too_large',
      { type: 'object', anyOf: Array.from({ length: 2_000 }, () => ({})) },
    ],
    [
      'has too many values',
      'schema_too_large',
      { type: 'object', properties: { a: { enum: Array(300).fill('x') } } },
    ],
  ])('refuses what %s', (_, reason, schema) => {
    expect(() => cleanInputSchema(schema)).toThrow(new UnusableSchema(reason));
  });

  it('refuses what is nested deeply, or grows without end when it is written out', () => {
    let deep: object = {};
    for (let depth = 0; depth < 50; depth += 1) deep = { type: 'array', items: deep };
    expect(() => clean({ properties: { a: deep } })).toThrow('schema_too_deep');
    const $defs = Object.fromEntries(
      Array.from({ length: 8 }, (_, i) => [
        `d${i}`,
        { allOf: Array.from({ length: 8 }, () => ({ $ref: `#/$defs/d${i + 1}` })) },
      ]),
    );
    const startedMs = performance.now();
    expect(() => clean({ allOf: [{ $ref: '#/$defs/d0' }], $defs })).toThrow(UnusableSchema);
    expect(performance.now() - startedMs).toBeLessThan(200);
  });
});

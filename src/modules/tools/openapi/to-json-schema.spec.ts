import { Ajv2020 } from 'ajv/dist/2020.js';
import type { JsonValue } from '../../../shared/llm/json.js';
import type { SchemaObject } from './openapi-document.js';
import { SchemaTooLarge, toJsonSchema } from './to-json-schema.js';

const convert = (schema: SchemaObject | boolean, maxDepth = 8, budget = 1000): Record<string, unknown> =>
  toJsonSchema(schema, { maxDepth, budget });

describe('toJsonSchema', () => {
  it.each<[string, SchemaObject, unknown]>([
    ['nullable', { type: 'string', nullable: true }, { type: ['string', 'null'] }],
    [
      'a nullable choice',
      { type: 'string', enum: ['a'], nullable: true },
      { type: ['string', 'null'], enum: ['a', null] },
    ],
    [
      'a nullable reference',
      { nullable: true, description: 'D', anyOf: [{ type: 'string' }] },
      { description: 'D', anyOf: [{ anyOf: [{ type: 'string' }] }, { type: 'null' }] },
    ],
    [
      'limits excluded by a flag',
      { type: 'number', minimum: 1, exclusiveMinimum: true },
      { type: 'number', exclusiveMinimum: 1 },
    ],
    [
      'limits not excluded',
      { type: 'number', maximum: 1, exclusiveMaximum: false },
      { type: 'number', maximum: 1 },
    ],
    ['limits of 3.1', { type: 'number', exclusiveMaximum: 9 }, { type: 'number', exclusiveMaximum: 9 }],
    ['types of 3.1', { type: ['string', 'null'] }, { type: ['string', 'null'] }],
    ['known formats', { type: 'string', format: 'date' }, { type: 'string', format: 'date' }],
    ['other formats', { type: 'integer', format: 'int64' }, { type: 'integer' }],
    [
      'oneOf',
      { oneOf: [{ type: 'string' }, { type: 'number' }] },
      { anyOf: [{ type: 'string' }, { type: 'number' }] },
    ],
    [
      'what is only answered',
      {
        type: 'object',
        required: ['id', 'a'],
        properties: { id: { readOnly: true }, a: { type: 'string' } },
      },
      { type: 'object', required: ['a'], properties: { a: { type: 'string' } } },
    ],
    [
      'objects that extend each other',
      {
        description: 'Both.',
        allOf: [
          { type: 'object', required: ['a'], properties: { a: {} } },
          { allOf: [{ properties: { b: {} } }], required: ['b'] },
        ],
      },
      { description: 'Both.', type: 'object', required: ['a', 'b'], properties: { a: {}, b: {} } },
    ],
    [
      'a reference with a description',
      {
        allOf: [{ type: 'string', enum: ['x'], description: 'inner' }],
        description: 'outer',
        nullable: true,
      },
      { type: ['string', 'null'], enum: ['x', null], description: 'outer' },
    ],
    [
      'allOf of other things',
      { allOf: [{ minLength: 1 }, { maxLength: 2 }] },
      { allOf: [{ minLength: 1 }, { maxLength: 2 }] },
    ],
    [
      'words of other drafts and tools',
      {
        type: 'object',
        $schema: 'x',
        $id: 'https://x',
        xml: {},
        discriminator: { propertyName: 'a' },
        not: {},
        'x-foo': 1,
        example: { a: 1 },
        if: {},
        additionalProperties: false,
        patternProperties: { a: {} },
      },
      { type: 'object' },
    ],
    ['types that are none', { type: 'file', items: true, minimum: 'a', pattern: '(' }, {}],
    ['texts that hide something', { description: 'a\u200b\u0000b\u202e c' }, { description: 'a b c' }],
  ])('takes over %s', (_, schema, expected) => {
    expect(convert(schema)).toEqual(expected);
  });

  it('shortens descriptions', () => {
    expect((convert({ description: 'x'.repeat(5000) }).description as string).length).toBe(300);
  });

  it('cuts a schema inside itself to its type', () => {
    const node: Record<string, unknown> = { type: 'object', description: 'A node.', properties: {} };
    node.properties = { next: node, all: { type: 'array', items: node } };
    expect(convert(node)).toEqual({
      type: 'object',
      description: 'A node.',
      properties: {
        next: { type: 'object', description: 'A node.' },
        all: { type: 'array', items: { type: 'object', description: 'A node.' } },
      },
    });
  });

  it('ends for an allOf that contains itself', () => {
    const loop: Record<string, unknown> = { type: 'object', properties: { a: { type: 'string' } } };
    loop.allOf = [loop];
    expect(convert(loop)).toEqual({ type: 'object', properties: { a: { type: 'string' } } });
    const bare: Record<string, unknown> = { description: 'x' };
    bare.allOf = [bare];
    expect(convert(bare)).toMatchObject({ description: 'x' });
  });

  it('goes no deeper than it may, and gives up when there is too much', () => {
    let schema: SchemaObject = { type: 'string' };
    for (let level = 0; level < 20; level += 1) schema = { type: 'array', items: schema };
    expect(JSON.stringify(convert(schema, 3)).match(/array/g)).toHaveLength(4);
    let wide: SchemaObject = { type: 'string' };
    for (let level = 0; level < 20; level += 1) wide = { type: 'object', properties: { a: wide, b: wide } };
    expect(() => convert(wide, 30)).toThrow(SchemaTooLarge);
  });

  it.each<[SchemaObject, JsonValue]>([
    [{ oneOf: [{ type: 'number' }, { type: 'integer' }] }, 1.5],
    [{ type: 'object', additionalProperties: false, patternProperties: { '^x': {} } }, { x1: 1 }],
    [{ type: 'array', prefixItems: [{ type: 'string' }], items: false }, ['a']],
    [{ type: 'object', properties: { a: { type: 'string', nullable: true } } }, { a: null }],
    [{ if: { type: 'string' }, then: { minLength: 1 }, else: { minimum: 1 } }, 'a'],
  ])('refuses nothing that the original takes: %j', (schema, value) => {
    expect(new Ajv2020({ strict: false }).validate(convert(schema), value)).toBe(true);
  });
});

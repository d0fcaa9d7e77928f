import { Ajv2020 } from 'ajv/dist/2020.js';
import type { JsonSchema, JsonValue } from '../../../../shared/llm/json.js';
import { checkArguments } from './check-arguments.js';
import { cleanInputSchema } from './clean-input-schema.js';

const check = (schema: Record<string, unknown>, input: JsonValue) =>
  checkArguments(cleanInputSchema({ type: 'object', ...schema }), input);

/** The same sequence in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

describe(checkArguments.name, () => {
  it('says what is wrong, and where', () => {
    const schema = {
      properties: {
        query: { type: 'string', minLength: 2, maxLength: 5 },
        limit: { type: 'integer', minimum: 1, maximum: 10 },
        order: { enum: ['asc', 'desc'] },
        'a.b': { type: 'array', items: { type: 'object', required: ['id'] }, maxItems: 2 },
      },
      required: ['query'],
      additionalProperties: false,
    };
    expect(check(schema, { query: 'abc', limit: 3, order: 'asc', 'a.b': [{ id: 1 }] })).toEqual([]);
    expect(check(schema, { limit: 1.5, order: 'up', 'a.b': [{ id: 1 }, {}, 7], other: 1 })).toEqual([
      { pointer: '/query', detail: 'is required' },
      { pointer: '/limit', detail: 'must be integer' },
      { pointer: '/order', detail: 'must be one of ["asc","desc"]' },
      { pointer: '/a.b', detail: 'must have at most 2 items' },
      { pointer: '/a.b/1/id', detail: 'is required' },
      { pointer: '/a.b/2', detail: 'must be object' },
      { pointer: '/other', detail: 'is not a parameter of this tool' },
    ]);
    expect(check(schema, { query: 'x', limit: 11 })).toEqual([
      { pointer: '/query', detail: 'must have at least 2 characters' },
      { pointer: '/limit', detail: 'must be at most 10' },
    ]);
    expect(check(schema, { query: '👍👍👍👍👍' })).toEqual([]);
  });

  it('names the mistake within the alternative that was meant', () => {
    const schema = {
      properties: {
        at: {
          anyOf: [
            { type: 'null' },
            { type: 'object', properties: { line: { type: 'integer' } }, required: ['line'] },
          ],
        },
      },
    };
    expect(check(schema, { at: { line: 'two' } })).toEqual([
      { pointer: '/at/line', detail: 'must be integer' },
    ]);
    expect(check(schema, { at: 7 })).toEqual([{ pointer: '/at', detail: 'fits none of the alternatives' }]);
  });

  it('is not taken in by names that every object has', () => {
    const schema = { properties: { a: {} }, required: ['constructor'], additionalProperties: false };
    expect(check(schema, {})).toEqual([{ pointer: '/constructor', detail: 'is required' }]);
    expect(
      check({ properties: { a: {} }, additionalProperties: false }, JSON.parse('{"__proto__": 1}')),
    ).toEqual([{ pointer: '/__proto__', detail: 'is not a parameter of this tool' }]);
  });

  it('agrees with Ajv about thousands of schemas and values', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    const below = numbers(7);
    const pick = <T>(values: readonly T[]): T => values[below(values.length)]!;
    const value = (depth: number): JsonValue => {
      const kind = below(depth > 2 ? 5 : 7);
      if (kind === 5) return Array.from({ length: below(4) }, () => value(depth + 1));
      if (kind === 6)
        return Object.fromEntries(['a', 'b', 'c'].slice(below(4)).map((key) => [key, value(depth + 1)]));
      return pick<JsonValue>([null, true, 0, 1, 2.5, -3, 'x', 'text', '👍']);
    };
    const schema = (depth: number): Record<string, unknown> => {
      const type = pick(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null', undefined]);
      const deeper = depth < 3;
      return {
        ...(type === undefined
          ? {}
          : { type: below(4) === 0 ? [type, 'null'].filter((t, i, a) => a.indexOf(t) === i) : type }),
        ...(below(3) === 0
          ? { minimum: below(3), maxLength: below(4), minItems: below(2), maxProperties: below(4) }
          : {}),
        ...(below(6) === 0 ? { enum: [value(2), value(2)] } : {}),
        ...(below(9) === 0 ? { const: pick<JsonValue>([1, 'x', true]) } : {}),
        ...(below(5) === 0 ? { exclusiveMaximum: below(4), multipleOf: pick([1, 0.5, 2]) } : {}),
        ...(deeper && below(2) === 0 ? { properties: { a: schema(depth + 1), b: schema(depth + 1) } } : {}),
        ...(below(4) === 0 ? { required: ['a'] } : {}),
        ...(deeper && below(4) === 0 ? { additionalProperties: pick([false, true, schema(depth + 1)]) } : {}),
        ...(deeper && below(3) === 0 ? { items: schema(depth + 1) } : {}),
        ...(deeper && below(6) === 0 ? { prefixItems: [schema(depth + 1)] } : {}),
        ...(deeper && below(5) === 0 ? { anyOf: [schema(depth + 1), schema(depth + 1)] } : {}),
      };
    };
    let accepted = 0;
    const rounds = 150;
    for (let round = 0; round < rounds; round += 1) {
      const given: JsonSchema = { ...schema(0), type: 'object' };
      const validate = ajv.compile(given);
      const clean = cleanInputSchema(given);
      for (let tries = 0; tries < 10; tries += 1) {
        const input = { a: value(0), b: value(1), ...(below(2) === 0 ? { c: value(1) } : {}) };
        const isValid = validate(input);
        accepted += isValid ? 1 : 0;
        expect([checkArguments(clean, input).length === 0, given, input]).toEqual([isValid, given, input]);
      }
    }
    // Neither of both is all there was.
    expect(accepted).toBeGreaterThan(rounds);
    expect(accepted).toBeLessThan(rounds * 9);
  });

  it('ends soon, whatever it is given', () => {
    const branch = { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] };
    const nested = (depth: number): object =>
      depth === 0 ? branch : { anyOf: Array.from({ length: 3 }, () => nested(depth - 1)) };
    const slow = [
      check(
        { properties: { a: { type: 'array', items: nested(5) } } },
        {
          a: Array.from({ length: 20_000 }, () => ({ id: 'x' })),
        },
      ),
      check(
        { properties: { a: { anyOf: Array.from({ length: 400 }, () => ({ maxLength: 3 })) } } },
        {
          a: 'x'.repeat(250_000),
        },
      ),
      check(
        { additionalProperties: { enum: Array.from({ length: 250 }, (_, i) => ({ i })) } },
        Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, { i: -1 }])),
      ),
    ];
    for (const errors of slow) {
      expect(errors).toEqual([
        { pointer: '', detail: 'is too large to be checked against the schema of this tool' },
      ]);
    }
    const schema = cleanInputSchema({
      type: 'object',
      properties: { a: { type: 'array', items: nested(5) } },
    });
    const input = { a: Array.from({ length: 20_000 }, () => ({ id: 'x' })) };
    const startedMs = performance.now();
    checkArguments(schema, input);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });
});

import { anHttpApi, SHOP_30, SHOP_31 } from '../../../../test/support/http-api/an-http-api.js';
import { compileCheck } from './check-input.js';
import type { OperationObject, ParameterObject, SchemaObject } from './openapi-document.js';
import { findOperation } from './find-operations.js';
import type { OperationPlan } from './operation-plan.js';
import { planOperation } from './plan-operation.js';
import { readDocument } from './read-document.js';

const text = { type: 'string' };

function plan(given: {
  parameters?: readonly ParameterObject[];
  body?: SchemaObject;
  isRequired?: boolean;
  mediaType?: string;
  path?: string;
  api?: Record<string, unknown>;
}): OperationPlan {
  const { parameters = [], body, isRequired = true, mediaType = 'application/json', path = '/x' } = given;
  const operation: OperationObject = {
    operationId: 'op',
    ...(body ? { requestBody: { required: isRequired, content: { [mediaType]: { schema: body } } } } : {}),
  };
  const api = anHttpApi({ operations: ['op'], ...given.api });
  return planOperation({ settings: { id: 'op' }, method: 'POST', path, operation, parameters }, api);
}

const members = ({ inputSchema }: OperationPlan): string[] => Object.keys(inputSchema.properties as object);

describe('the input of an operation', () => {
  it('has the members of a plain body beside the parameters', () => {
    const planned = plan({
      path: '/x/{id}',
      parameters: [
        { name: 'page', in: 'query', schema: text, description: 'Which page.' },
        { name: 'id', in: 'path', schema: text },
      ],
      body: { type: 'object', required: ['name'], properties: { name: text, note: text } },
    });
    expect(planned.inputSchema).toEqual({
      type: 'object',
      properties: { id: text, page: { ...text, description: 'Which page.' }, name: text, note: text },
      required: ['id', 'name'],
      additionalProperties: false,
    });
    expect(planned.body).toMatchObject({ kind: 'members' });
  });

  it.each<[string, SchemaObject, boolean]>([
    ['a list', { type: 'array', items: text }, true],
    ['a choice', { oneOf: [{ type: 'object' }] }, true],
    ['a map', { type: 'object', additionalProperties: text }, true],
    ['an open object', { type: 'object', properties: { a: text }, additionalProperties: true }, true],
    ['a nullable object', { type: 'object', properties: { a: text }, nullable: true }, true],
    ['an object without members', { type: 'object' }, true],
    [
      'an object that may be left out but not be empty',
      { type: 'object', properties: { a: text }, required: ['a'] },
      false,
    ],
  ])('has a member "body" for %s', (_, body, isRequired) => {
    const planned = plan({ body, isRequired });
    expect(members(planned)).toEqual(['body']);
    expect(planned.inputSchema.required).toEqual(isRequired ? ['body'] : undefined);
    expect(planned.body).toMatchObject({ kind: 'member', member: 'body', isRequired });
  });

  it('keeps equal names apart: the first keeps its own', () => {
    const planned = plan({
      path: '/x/{id}',
      parameters: [
        { name: 'id', in: 'header', schema: text },
        { name: 'id', in: 'query', schema: text },
        { name: 'id', in: 'path', schema: text },
      ],
      body: { type: 'object', properties: { id: text, query_id: text } },
      api: { headers: ['id'] },
    });
    expect(members(planned)).toEqual(['id', 'query_id', 'header_id', 'body_id', 'body_query_id']);
    expect(planned.parameters.map(({ in: place, member }) => [place, member])).toEqual([
      ['path', 'id'],
      ['query', 'query_id'],
      ['header', 'header_id'],
    ]);
  });

  it('writes names that vendors do not take in another way, and sends the API its own', () => {
    const planned = plan({
      parameters: [
        { name: 'filter[state]', in: 'query', schema: text },
        { name: '$top', in: 'query', schema: text },
        { name: '日本', in: 'query', schema: text },
        { name: 'x'.repeat(100), in: 'query', schema: text },
      ],
    });
    expect(members(planned)).toEqual(['filter_state', 'top', 'query', 'x'.repeat(64)]);
    expect(planned.parameters.map(({ name }) => name)).toEqual([
      'filter[state]',
      '$top',
      '日本',
      'x'.repeat(100),
    ]);
  });

  it('leaves out what code sets: credentials, the key for repetitions, cookies and headers of HTTP itself', () => {
    const planned = plan({
      parameters: [
        { name: 'api_key', in: 'query', schema: text, required: true },
        { name: 'x-token', in: 'header', schema: text, required: true },
        { name: 'Idempotency-Key', in: 'header', schema: text, required: true },
        { name: 'Authorization', in: 'header', schema: text, required: true },
        { name: 'session', in: 'cookie', schema: text },
        { name: 'q', in: 'query', schema: text },
      ],
      api: {
        credentials: [
          { in: 'query', name: 'api_key', value_env: 'A' },
          { in: 'header', name: 'X-Token', value_env: 'A' },
        ],
      },
    });
    expect(members(planned)).toEqual(['q']);
  });

  it.each([
    ['application/json; charset=utf-8', 'json', 'application/json'],
    ['application/vnd.shop+json', 'json', 'application/vnd.shop+json'],
    ['*/*', 'json', 'application/json'],
    ['application/x-www-form-urlencoded', 'form', 'application/x-www-form-urlencoded'],
    ['text/plain', 'text', 'text/plain'],
  ])('sends a body of %s', (mediaType, encoding, sent) => {
    expect(plan({ body: { type: 'string' }, mediaType }).body).toMatchObject({ encoding, mediaType: sent });
  });

  it('is refused when it would be too large for a model to read', () => {
    const properties = Object.fromEntries(
      Array.from({ length: 400 }, (_, index) => [`m${index}`, { ...text, description: 'd'.repeat(200) }]),
    );
    expect(() => plan({ body: { type: 'object', properties } })).toThrow(/more parameters than 32768 bytes/);
  });
});

describe('what vendors take as a schema of a tool', () => {
  const EVERYWHERE = new Set(
    ['type', 'description', 'enum', 'const', 'default', 'format', 'pattern', 'properties', 'required'].concat(
      ['additionalProperties', 'items', 'prefixItems', 'allOf', 'anyOf', 'minimum', 'maximum', 'multipleOf'],
      [
        'exclusiveMinimum',
        'exclusiveMaximum',
        'minLength',
        'maxLength',
        'minItems',
        'maxItems',
        'uniqueItems',
      ],
      ['minProperties', 'maxProperties'],
    ),
  );

  function expectPlain(schema: unknown): void {
    if (typeof schema !== 'object' || schema === null) return;
    for (const [keyword, value] of Object.entries(schema)) {
      expect(EVERYWHERE).toContain(keyword);
      if (keyword === 'properties') Object.values(value as object).forEach(expectPlain);
      else if (keyword === 'anyOf' || keyword === 'allOf' || keyword === 'prefixItems')
        (value as unknown[]).forEach(expectPlain);
      else if (keyword === 'items' || keyword === 'additionalProperties') expectPlain(value);
    }
  }

  it.each([
    [
      SHOP_31,
      ['listOrders', 'getOrder', 'hasOrder', 'createOrder', 'cancelOrder', 'changeOrder', 'sendMessage'],
    ],
    [SHOP_30, ['getOrder', 'createOrder']],
  ])('is what they get for %s', async (document, operations) => {
    const methods = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'];
    const api = anHttpApi({ document, operations, methods });
    const read = await readDocument(document);
    for (const settings of api.operations) {
      const { inputSchema } = planOperation(findOperation(read, api, settings), api);
      expect(Object.keys(inputSchema).filter((key) => key !== 'required')).toEqual([
        'type',
        'properties',
        'additionalProperties',
      ]);
      expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      for (const name of Object.keys(inputSchema.properties as object)) {
        expect(name).toMatch(/^[a-zA-Z0-9_.-]{1,64}$/);
      }
      expectPlain(inputSchema);
      expect(JSON.stringify(inputSchema)).not.toContain('$ref');
    }
  });
});

describe('checking an input', () => {
  const check = compileCheck({
    type: 'object',
    properties: { 'a/b~c': { type: 'integer' }, list: { type: 'array' }, pick: { enum: ['x', 'y'] } },
    additionalProperties: false,
  });

  it.each([
    [[], '', 'must be a JSON object'],
    [null, '', 'must be a JSON object'],
    [{ 'a/b~c': 'x' }, '/a~1b~0c', 'must be integer'],
    [{ 'n/o~': 1 }, '/n~1o~0', 'is not a parameter of this tool'],
    [JSON.parse('{"__proto__":1}'), '/__proto__', 'is not a parameter of this tool'],
    [{ constructor: 1 }, '/constructor', 'is not a parameter of this tool'],
    [{ pick: 'z' }, '/pick', 'must be one of ["x","y"]'],
    [{ list: Array(1001).fill(0) }, '', 'must not have lists of more than 1000 items'],
    [{ list: ['x'.repeat(300_000)] }, '', 'must not be longer than 262144 characters'],
    [JSON.parse(`{"list":${'['.repeat(5000)}${']'.repeat(5000)}}`), '', 'must not be nested deeper than 32'],
  ])('tells what is wrong: case %#', (input, pointer, detail) => {
    expect(check(input)).toEqual([{ pointer, detail }]);
  });

  it('tells a few things, not everything, and nothing at length', () => {
    const many = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`${'k'.repeat(300)}${index}`, 1]),
    );
    const errors = check(many);
    expect(errors).toHaveLength(10);
    expect(JSON.stringify(errors).length).toBeLessThan(3_000);
  });
});

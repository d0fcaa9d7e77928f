import {
  aDocumentFile,
  aFile,
  anOperation,
  aToolsConfig,
  SHOP_31,
} from '../../../../test/support/http-api/an-http-api.js';
import { anOutboundClient } from '../../../../test/support/http-api/an-outbound-client.js';
import { ConfigError } from '../../../config/load-config.js';
import type { Tool } from '../tool.js';
import { OpenApiTools } from './openapi-tools.js';

async function load(...apis: Record<string, unknown>[]): Promise<readonly Tool[]> {
  return (await OpenApiTools.load(aToolsConfig(apis), anOutboundClient())).tools();
}

async function faults(...apis: Record<string, unknown>[]): Promise<readonly string[]> {
  const error: unknown = await load(...apis).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).faults;
}

function operationFault(
  given: Record<string, unknown>,
  path = '/x',
  method = 'get',
): Promise<readonly string[]> {
  const document = aDocumentFile({ [path]: { [method]: anOperation(given) } });
  return faults({ document, operations: ['op'], methods: ['GET', 'POST'] });
}

describe('a document that cannot be used', () => {
  it.each([
    ['is not there', '/nowhere/api.yaml', 'is not there, or is no file that can be read'],
    ['is a folder', '/tmp', 'is not there, or is no file that can be read'],
    ['is no JSON', aFile('a.json', '{"openapi": '), 'cannot be read as OpenAPI 3.0 or 3.1'],
    ['is no YAML', aFile('a.yaml', 'a: [b'), 'cannot be read as OpenAPI 3.0 or 3.1'],
    ['is empty', aFile('a.yaml', ''), 'cannot be read as OpenAPI 3.0 or 3.1'],
    ['is something else', aFile('a.txt', 'hello'), 'cannot be read as OpenAPI 3.0 or 3.1'],
    [
      'is Swagger 2.0',
      aFile('a.json', '{"swagger":"2.0","info":{"title":"a","version":"1"},"paths":{}}'),
      'is no OpenAPI document of version 3.0 or 3.1',
    ],
    [
      'is of a version to come',
      aFile('a.json', '{"openapi":"3.2.0","info":{"title":"a","version":"1"},"paths":{}}'),
      'Unsupported OpenAPI version: 3.2.0',
    ],
    [
      'is not valid',
      aDocumentFile({ '/x': { get: { bogus: 1 } } }),
      'is not valid: Swagger schema validation failed',
    ],
    [
      'points to what is not there',
      aDocumentFile({
        '/x': { get: anOperation({ requestBody: { $ref: '#/components/requestBodies/None' } }) },
      }),
      'is not valid',
    ],
    [
      'refers to a file',
      aDocumentFile({ '/x': { $ref: './other.yaml#/x' } }),
      'refers to ./other.yaml#/x: references to other files or URLs are not followed',
    ],
    [
      'refers to a file of secrets',
      aDocumentFile({}, { components: { schemas: { A: { $ref: '/etc/passwd' } } } }),
      'refers to /etc/passwd',
    ],
    [
      'refers to a URL',
      aDocumentFile({}, { components: { schemas: { A: { $ref: 'http://169.254.169.254/latest' } } } }),
      'refers to http://169.254.169.254/latest',
    ],
  ])('%s', async (_, document, expected) => {
    const [fault, ...others] = await faults({ document, operations: ['op'] });
    expect(others).toEqual([]);
    expect(fault).toContain(`PERCH_HTTP_TOOLS: shop: ${document}: `);
    expect(fault).toContain(expected);
  });

  it('stands for a huge one: aliases are counted as often as they are written out', async () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level += 1) {
      lines.push(
        `a${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      );
    }
    const document = aFile(
      'bomb.yaml',
      [
        'openapi: 3.1.0',
        'info: { title: a, version: "1" }',
        'paths: {}',
        'x-bomb:',
        ...lines.map((each) => `  ${each}`),
      ].join('\n'),
    );
    expect(await faults({ document, operations: ['op'] })).toEqual([
      `PERCH_HTTP_TOOLS: shop: ${document}: has more than 2000000 values`,
    ]);
  });

  it('is nested too deep', async () => {
    const deep = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
    const document = aFile(
      'deep.json',
      `{"openapi":"3.1.0","info":{"title":"a","version":"1"},"paths":{},"x-deep":${deep}}`,
    );
    const [fault] = await faults({ document, operations: ['op'] });
    expect(fault).toMatch(/is nested deeper than 200|cannot be read/);
  });

  it('is told of together with all the others', async () => {
    const lines = await faults(
      { document: '/nowhere.yaml', operations: ['op'] },
      { name: 'b', document: SHOP_31, operations: ['getOrder', 'nope', 'createOrder'] },
    );
    expect(lines).toEqual([
      'PERCH_HTTP_TOOLS: shop: /nowhere.yaml: is not there, or is no file that can be read',
      `PERCH_HTTP_TOOLS: b: ${SHOP_31}, operation nope: has no such operation`,
      `PERCH_HTTP_TOOLS: b: ${SHOP_31}, operation createOrder: has it as POST, which "methods" does not allow (GET)`,
    ]);
  });
});

describe('an operation that cannot be called', () => {
  const schema = { type: 'string' };
  const query = (given: Record<string, unknown>): Record<string, unknown> => ({
    parameters: [{ name: 'q', in: 'query', schema, ...given }],
  });
  const object = { type: 'object', properties: { a: schema } };

  it.each([
    ['needs a cookie', query({ in: 'cookie', required: true }), 'needs the cookie q'],
    [
      'needs a header that is not allowed',
      query({ in: 'header', required: true }),
      'needs the header q, which is neither',
    ],
    [
      'has an object in the query',
      query({ schema: object }),
      'has the object q as a query parameter in the style form',
    ],
    [
      'has a list in pipes and again',
      query({ style: 'pipeDelimited', explode: true }),
      'with explode, which is not supported',
    ],
    [
      'writes XML into the query',
      query({ schema: undefined, content: { 'text/xml': {} } }),
      'as text/xml, which is not supported',
    ],
    [
      'has a parameter that is not in its path',
      query({ in: 'path', required: true }),
      'has a path parameter q that is not in /x',
    ],
  ])('%s', async (_, given, expected) => {
    const [fault] = await operationFault(given);
    expect(fault).toContain(', operation op: ');
    expect(fault).toContain(expected);
  });

  it.each([
    ['does not describe its path', '/x/{id}', {}, 'does not describe the id of its path /x/{id}'],
    ['leaves its path', '/x/../admin', {}, 'has a path that is no plain path: /x/../admin'],
    ['carries a query in its path', '/x?a=b', {}, 'has a path that is no plain path: /x?a=b'],
    [
      'writes a label',
      '/x/{q}',
      query({ in: 'path', required: true, style: 'label' }),
      'writes its path parameter q in the style label, which is not supported',
    ],
  ])('%s', async (_, path, given, expected) => {
    expect((await operationFault(given, path))[0]).toContain(expected);
  });

  it('takes a body that cannot be written', async () => {
    const files = { required: true, content: { 'multipart/form-data': { schema: object } } };
    expect((await operationFault({ requestBody: files }, '/x', 'post'))[0]).toContain(
      'takes its body as multipart/form-data; supported are JSON',
    );
    const json = { required: true, content: { 'application/json': {} } };
    expect((await operationFault({ requestBody: json }))[0]).toContain('needs a body with GET');
  });

  it('shares its id, or its name, with another', async () => {
    const same = aDocumentFile({ '/a': { get: anOperation() }, '/b': { get: anOperation() } });
    expect((await faults({ document: same, operations: ['op'] }))[0]).toContain(
      'has two operations with this id',
    );
    const alike = aDocumentFile({
      '/a': { get: anOperation({ operationId: 'a.b' }) },
      '/b': { get: anOperation({ operationId: 'a/b' }) },
    });
    expect(await faults({ document: alike, operations: ['a.b', 'a/b'] })).toEqual([
      'PERCH_HTTP_TOOLS: two tools are named shop_a_b',
    ]);
  });
});

describe('an operation that is unusual', () => {
  it('is called by its method and path when it has no id', async () => {
    const document = aDocumentFile({ '/x/y': { get: { responses: { '200': { description: 'x' } } } } });
    const [tool] = await load({ document, operations: ['GET /x/y'] });
    expect(tool).toMatchObject({ name: 'shop_GET_x_y', description: 'GET /x/y of shop.' });
  });

  it('does not mind what extensions refer to', async () => {
    const extension = { 'x-policies': [{ $ref: '../policies.yaml#/a' }] };
    const document = aDocumentFile({ '/x': { get: anOperation(extension) } });
    expect(await load({ document, operations: ['op'] })).toHaveLength(1);
  });

  it('gets a name that fits, the same at every start', async () => {
    const id = 'a'.repeat(200);
    const document = aDocumentFile({ '/x': { get: anOperation({ operationId: id }) } });
    const [first] = await load({ document, operations: [id] });
    const [second] = await load({ document, operations: [id] });
    expect(first!.name).toMatch(/^shop_a{50}_[0-9a-f]{8}$/);
    expect(second!.name).toBe(first!.name);
  });

  it('is found among thousands, in a document where everything refers to everything', async () => {
    const properties = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [
        `p${index}`,
        { $ref: `#/components/schemas/S${(index * 7) % 60}` },
      ]),
    );
    const schemas = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`S${index}`, { type: 'object', properties }]),
    );
    const paths = Object.fromEntries(
      Array.from({ length: 1_500 }, (_, index) => [
        `/p${index}`,
        { get: anOperation({ operationId: `op${index}` }) },
      ]),
    );
    const body = {
      required: true,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/S0' } } },
    };
    const document = aDocumentFile(
      { ...paths, '/last': { post: anOperation({ operationId: 'last', requestBody: body }) } },
      { components: { schemas } },
    );
    const [tool] = await load({ document, operations: ['last'], methods: ['POST'] });
    expect(JSON.stringify(tool!.inputSchema).length).toBeLessThan(32_768);
    expect(tool!.parseInput({ p1: { p2: { anything: [1] } } })).toMatchObject({ ok: true });
  });
});

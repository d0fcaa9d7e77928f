import fc from 'fast-check';
import { aToolContext } from '../../../../test/support/a-tool-context.js';
import { aDocumentFile, anOperation, aToolsConfig } from '../../../../test/support/http-api/an-http-api.js';
import { anOutboundClient } from '../../../../test/support/http-api/an-outbound-client.js';
import { ShopServer } from '../../../../test/support/http-api/shop-server.js';
import type { JsonValue } from '../../../shared/llm/json.js';
import type { Tool } from '../tool.js';
import { OpenApiTools } from './openapi-tools.js';

const text = { type: 'string' };
const inPath = { name: 'id', in: 'path', required: true, schema: text };
const DOCUMENT = aDocumentFile({
  '/files/{id}/content': { get: anOperation({ operationId: 'read', parameters: [inPath] }) },
  '/v/{id}.json': { get: anOperation({ operationId: 'dotted', parameters: [inPath] }) },
  '/pair/{a}{b}': {
    get: anOperation({
      operationId: 'pair',
      parameters: ['a', 'b'].map((name) => ({ ...inPath, name })),
    }),
  },
  '/list/{id}': {
    get: anOperation({
      operationId: 'list',
      parameters: [{ ...inPath, schema: { type: 'array', items: text } }],
    }),
  },
  '/inherited': {
    get: anOperation({
      operationId: 'inherited',
      parameters: ['constructor', 'toString', '__proto__'].map((name) => ({ name, in: 'query', schema: {} })),
    }),
  },
  '/needed': {
    get: anOperation({
      operationId: 'needed',
      parameters: [{ name: 'constructor', in: 'query', required: true, schema: {} }],
    }),
  },
  '/search': {
    get: anOperation({
      operationId: 'search',
      parameters: [
        { name: 'q', in: 'query', schema: text },
        { name: 'tags', in: 'query', schema: { type: 'array', items: text }, explode: false },
        { name: 'piped', in: 'query', schema: { type: 'array', items: text }, style: 'pipeDelimited' },
        { name: 'filter', in: 'query', schema: { type: 'object' }, style: 'deepObject' },
        { name: 'where', in: 'query', content: { 'application/json': { schema: { type: 'object' } } } },
        { name: 'X-Note', in: 'header', schema: text },
        { name: 'X-Notes', in: 'header', schema: { type: 'array', items: text } },
      ],
    }),
  },
});

const WAYS_UP = [
  '..',
  '.',
  '../admin',
  '../../admin',
  '/../admin',
  'x/../../admin',
  '..\\admin',
  'x\\..\\..\\admin',
  '%2e%2e',
  '%2E%2e/',
  '.%2e',
  '%2e%2e%2fadmin',
  '..%2fadmin',
  '..%5cadmin',
  '%252e%252e%252fadmin',
  '%25252e%25252e%25252fadmin',
  '..;/admin',
  '..;a=b/admin',
  'x/..;/admin',
  './admin',
  'x/./y',
  '／..／admin',
  '．．／admin',
  '‥/admin',
  '..∕admin',
  '%ff/../%ff',
  '%zz/%2e%2e/admin',
];
const BROKEN = [
  '',
  ' ',
  '\t',
  'a\u0000b',
  '\r\nHost: evil.test',
  'x\r\nX-Injected: 1',
  'x HTTP/1.1\r\nHost: evil.test\r\n\r\nGET /admin',
  '\u007f',
  '\u0085',
  '\ud800',
  'a\udc00',
  '%25'.repeat(3) + '2525252525',
];
const HARMLESS_ONCE_ENCODED = [
  '/admin',
  '//evil.test/x',
  'a/b',
  'a\\b',
  '?admin=true',
  'x?admin=true&y',
  '#fragment',
  'x#',
  '%2f',
  '%2fadmin',
  'x%00',
  'x%0d%0aHost:%20evil.test',
  '@evil.test',
  ':80@evil.test/',
  'https://evil.test/',
  ';admin=true',
  'x;y=z',
  '&admin=1',
  '=',
  '+',
  'a b',
  '{id}',
  '${id}',
  '*',
  "'--",
  "(a)'!*",
  '...',
  '..a',
  'a..',
  '~root',
  'ümläut/日本',
  '😀',
  '%',
  '%%%',
  '%u002e%u002e',
  '[::1]',
  '<script>',
];
/** Targets that a request to the API may have, whatever the model writes. */
const WITHIN = {
  read: /^\/v1\/files\/[A-Za-z0-9._~%,-]+\/content$/,
  search: /^\/v1\/search(\?[A-Za-z0-9._~%,=&-]+)?$/,
};

/** Anything that JSON can carry, in or out of place. */
const anyJson = fc.jsonValue({ stringUnit: 'binary' }) as fc.Arbitrary<JsonValue>;

describe('what a model writes into a request', () => {
  let shop: ShopServer;
  let tools: ReadonlyMap<string, Tool>;
  const client = anOutboundClient();

  beforeAll(async () => {
    shop = await ShopServer.start();
    const api = {
      document: DOCUMENT,
      base_url: `${shop.url}/v1/`,
      operations: ['read', 'dotted', 'pair', 'list', 'search', 'inherited', 'needed'],
      headers: ['X-Note', 'X-Notes'],
      credentials: [{ in: 'query', name: 'key', value_env: 'KEY' }],
    };
    const source = await OpenApiTools.load(aToolsConfig([api], { KEY: 'the-real-key' }), client);
    tools = new Map(source.tools().map((tool) => [tool.name.replace('shop_', ''), tool]));
  });
  afterAll(async () => {
    await client.onApplicationShutdown();
    await shop.stop();
  });

  /** The request's target without the credential, or the fault that the model is told. */
  async function attempt(name: string, input: JsonValue): Promise<{ target?: string; refused?: string }> {
    const before = shop.calls.length;
    const parsed = tools.get(name)!.parseInput(input);
    if (!parsed.ok) return { refused: parsed.errors[0]!.pointer };
    await tools.get(name)!.execute(parsed.input, aToolContext());
    expect(shop.calls).toHaveLength(before + 1);
    return { target: shop.last.target.replace(/[?&]key=the-real-key$/, '') };
  }

  describe('stays in its segment of the path', () => {
    it.each([...WAYS_UP, ...BROKEN])('or is refused: %j', async (id) => {
      expect(await attempt('read', { id })).toEqual({ refused: '/id' });
    });

    it.each(HARMLESS_ONCE_ENCODED)('encoded: %j', async (id) => {
      const { target } = await attempt('read', { id });
      expect(target).toMatch(WITHIN.read);
      expect(decodeURIComponent(target!.split('/')[3]!)).toBe(id);
    });

    it('when it is put together from several values', async () => {
      expect(await attempt('pair', { a: '.', b: '.' })).toEqual({ refused: '/a' });
      expect(await attempt('pair', { a: 'a', b: '.' })).toEqual({ refused: '/b' });
      expect(await attempt('list', { id: ['a', '..'] })).toEqual({ refused: '/id' });
      expect(await attempt('list', { id: [] })).toEqual({ refused: '/id' });
      expect(await attempt('list', { id: ['a,b', 'c'] })).toEqual({ target: '/v1/list/a%2Cb,c' });
      expect(await attempt('dotted', { id: 'a/b' })).toEqual({ target: '/v1/v/a%2Fb.json' });
    });

    it('for any text', async () => {
      const { parseInput } = tools.get('read')!;
      const anyText = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string({
          unit: fc.constantFrom('.', '/', '\\', '%', '2', 'e', 'f', '5', 'c', ';', '?', '#', '\r', '\n'),
        }),
      );
      fc.assert(
        fc.property(anyText, (id) => {
          const parsed = parseInput({ id });
          if (!parsed.ok) return;
          const { path, query } = parsed.input as { path: string; query: string };
          const url = new URL(`http://host/v1${path}`);
          expect([url.host, url.pathname, query]).toEqual(['host', `/v1${path}`, '']);
          expect(path.split('/')).toHaveLength(4);
          expect(decodeURIComponent(path.split('/')[2]!)).toBe(id);
          expect(id.split(/[/\\]/).some((piece) => piece === '..' || piece === '.')).toBe(false);
        }),
        { numRuns: 2000 },
      );
    });
  });

  describe('stays in its parameter of the query', () => {
    it.each([...WAYS_UP, ...HARMLESS_ONCE_ENCODED, 'a&key=mine', 'a&admin=1#', 'x\r\ny'])(
      'encoded: %j',
      async (q) => {
        const { target } = await attempt('search', { q, tags: [q, 'b'], piped: [q, 'b'], filter: { a: q } });
        expect(target).toMatch(WITHIN.search);
        const pairs = target!
          .slice('/v1/search?'.length)
          .split('&')
          .map((pair) => pair.split('='));
        expect(pairs.map(([name]) => decodeURIComponent(name!))).toEqual(['q', 'tags', 'piped', 'filter[a]']);
        expect(decodeURIComponent(pairs[0]![1]!)).toBe(q);
        expect(pairs[1]![1]!.split(',').map(decodeURIComponent)).toEqual([q, 'b']);
        expect(decodeURIComponent(pairs[3]![1]!)).toBe(q);
      },
    );

    it.each([
      { 'a]&key': 'x' },
      { 'a][b': 'x' },
      { '': 'x' },
      { 'a\r\n': 'x' },
      { a: { b: 'c' } },
      { a: [['b']] },
    ] as JsonValue[])('or is refused: %j', async (filter) => {
      expect(await attempt('search', { filter })).toEqual({ refused: '/filter' });
    });

    it('as JSON too, with a member that is called like a prototype', async () => {
      const where = JSON.parse('{"__proto__":{"a":"&key=1#"},"constructor":"/../"}') as JsonValue;
      const { target } = await attempt('search', { where });
      expect(target).toMatch(WITHIN.search);
      expect(decodeURIComponent(target!.split('=')[1]!)).toBe(
        '{"__proto__":{"a":"&key=1#"},"constructor":"/../"}',
      );
    });

    it('cannot stand for the credential, nor bring another one', async () => {
      expect(await attempt('search', { key: 'mine' })).toEqual({ refused: '/key' });
      await attempt('search', { q: 'a&key=mine' });
      expect(new URLSearchParams(shop.last.target.split('?')[1]).getAll('key')).toEqual(['the-real-key']);
    });

    it('is not there when the model wrote nothing, whatever its name', async () => {
      expect(await attempt('inherited', {})).toEqual({ target: '/v1/inherited' });
      expect(await attempt('inherited', { constructor: 'a', toString: 'b', proto: 'c' })).toEqual({
        target: '/v1/inherited?constructor=a&toString=b&__proto__=c',
      });
    });

    it('is missing when it is missing, whatever its name', async () => {
      expect(await attempt('needed', {})).toEqual({ refused: '/constructor' });
    });

    it('is not longer than an address may be', async () => {
      expect(await attempt('search', { q: 'x'.repeat(9_000), tags: ['a'] })).toEqual({ refused: '/q' });
      expect(await attempt('read', { id: 'é'.repeat(2_000) })).toEqual({ refused: '/id' });
    });
  });

  describe('stays in its header', () => {
    it.each([
      'x\r\nAuthorization: Bearer mine',
      'x\nHost: evil.test',
      'x\r',
      'x\u0000',
      'x\u000b',
      '\u0085',
      '\u2028',
      'é',
      '日本',
      'ĊĊ',
      '嘊嘍Set-Cookie: a',
      'x'.repeat(3_000),
    ])('or is refused: %j', async (value) => {
      expect(await attempt('search', { 'X-Note': value })).toEqual({ refused: '/X-Note' });
      expect(await attempt('search', { 'X-Notes': ['a', value] })).toEqual({ refused: '/X-Notes' });
    });

    it.each(['x: y', 'Transfer-Encoding: chunked', '%0d%0aHost: evil.test', '"; a=b', '\\r\\n'])(
      'as it is: %j',
      async (value) => {
        await attempt('search', { 'X-Note': value, 'X-Notes': ['a', value] });
        expect(shop.last.headers).toMatchObject({ 'x-note': value, 'x-notes': `a,${value}` });
        expect(Object.keys(shop.last.headers).sort()).toEqual([
          'accept',
          'accept-encoding',
          'connection',
          'host',
          'user-agent',
          'x-note',
          'x-notes',
        ]);
      },
    );

    it.each(['Authorization', 'Cookie', 'Host', 'authorization', 'headers', 'X-Other'])(
      'and %s is no parameter',
      async (name) => {
        expect(await attempt('search', { [name]: 'x' })).toEqual({ refused: `/${name}` });
      },
    );
  });

  it('is sent or refused, and never breaks anything, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('read', 'list', 'search', 'inherited'),
        fc.oneof(
          anyJson,
          fc.dictionary(
            fc.constantFrom('id', 'q', 'tags', 'piped', 'filter', 'where', 'X-Note', 'proto'),
            anyJson,
          ),
        ),
        (name, input) => {
          const parsed = tools.get(name)!.parseInput(input);
          if (!parsed.ok) expect(parsed.errors.length).toBeGreaterThan(0);
          else expect(JSON.stringify(parsed.input)).toContain(`"path":"/`);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

import { ConfigError, loadConfig } from './load-config.js';

const API = {
  name: 'shop',
  document: 'shop.yaml',
  base_url: 'https://shop.internal/v1',
  operations: ['getOrder'],
};

function load(apis: unknown, more: Record<string, string> = {}): ReturnType<typeof loadConfig> {
  return loadConfig({ PERCH_HTTP_TOOLS: JSON.stringify(apis), ...more });
}

function faults(apis: unknown, more: Record<string, string> = {}): readonly string[] {
  try {
    load(apis, more);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('PERCH_HTTP_TOOLS', () => {
  it('fills in what is left out, on the careful side', () => {
    expect(load([API]).tools.httpApis).toEqual([
      {
        ...API,
        operations: [{ id: 'getOrder' }],
        methods: ['GET'],
        headers: [],
        credentials: [],
        timeout_seconds: 15,
        max_bytes: 262_144,
        permission: 'tools:use',
        idempotency_header: 'Idempotency-Key',
      },
    ]);
    expect(loadConfig({}).tools.httpApis).toEqual([]);
  });

  const credential = { in: 'header', name: 'Authorization', value_env: 'SHOP_TOKEN', prefix: 'Bearer ' };

  it('takes secrets from variables of their own, and hides them', () => {
    const { tools } = load([{ ...API, credentials: [credential] }], { SHOP_TOKEN: 'a-secret-value' });
    expect(tools.httpCredentials.get('SHOP_TOKEN')?.reveal()).toBe('a-secret-value');
    expect(JSON.stringify([...tools.httpCredentials])).not.toContain('a-secret-value');
  });

  it.each([
    ['is not set', {}],
    ['has less than 8 characters', { SHOP_TOKEN: 'short' }],
    ['has other characters than visible ASCII', { SHOP_TOKEN: 'with a\nline break' }],
  ])('refuses a secret that %s', (expected, environment) => {
    expect(faults([{ ...API, credentials: [credential] }], environment)).toEqual([
      `PERCH_HTTP_TOOLS: shop names SHOP_TOKEN as its Authorization, which ${expected}`,
    ]);
  });

  it.each([
    ['a document on the web', { document: 'https://shop.example/openapi.json' }, 'must be a local file'],
    ['a document as a file URL', { document: 'file:///etc/shop.json' }, 'must be a local file'],
    ['an address that is none', { base_url: 'shop.internal' }, 'must be an http or https URL'],
    ['another protocol', { base_url: 'ftp://shop.internal' }, 'must be an http or https URL'],
    [
      'a user in the address',
      { base_url: 'https://me:pw@shop.internal' },
      'must have no user, query or fragment',
    ],
    [
      'a query in the address',
      { base_url: 'https://shop.internal/?a=b' },
      'must have no user, query or fragment',
    ],
    [
      'an empty query in the address',
      { base_url: 'https://shop.internal/?' },
      'must have no user, query or fragment',
    ],
    ['no operation', { operations: [] }, 'operations'],
    ['methods that are none', { methods: ['TRACE'] }, 'methods'],
    ['a setting that does not exist', { follow_redirects: true }, 'follow_redirects'],
    ['a prefix that is no name', { name: 'my shop' }, 'must be 1 to 32 of'],
    ['a secret in the JSON', { credentials: [{ ...credential, value: 'x' }] }, 'value'],
    ['a permission that does not exist', { permission: 'root' }, 'permission'],
  ])('refuses %s', (_, given, expected) => {
    expect(faults([{ ...API, ...given }], { SHOP_TOKEN: 'a-secret-value' }).join('\n')).toContain(expected);
  });

  it('refuses two APIs of one name', () => {
    expect(faults([API, API])).toEqual(['PERCH_HTTP_TOOLS: names must differ']);
  });

  it.each([
    'Host',
    'authorization',
    'Cookie',
    'Connection',
    'Content-Length',
    'Content-Type',
    'Transfer-Encoding',
    'Proxy-Authorization',
    'X-Forwarded-For',
    'X-HTTP-Method-Override',
    'Idempotency-Key',
    'Sec-Fetch-Site',
    'bad header',
    'a\r\nb',
  ])('lets no model set the header %j', (name) => {
    expect(faults([{ ...API, headers: [name] }])).toHaveLength(1);
  });

  it.each(['Host', 'Content-Length', 'Transfer-Encoding', 'Proxy-Authorization', 'a b', 'a\n'])(
    'takes no credential in the header %j',
    (name) => {
      expect(faults([{ ...API, credentials: [{ ...credential, name }] }])[0]).toContain('must not be set');
    },
  );
});

import type { ApiClient } from '../support/perch/api-client.js';
import { startTestPerch, type TestPerch } from '../support/perch/test-perch.js';
import { anHttpSite, type ASite } from '../support/tools/a-public-site.js';
import { SEARCH_WIRES } from '../support/tools/search-wires.js';

const [searxng] = SEARCH_WIRES;

describe('The web', () => {
  let service: ASite;
  let perch: TestPerch;
  let user: ApiClient;

  beforeAll(async () => {
    service = await anHttpSite((request, response) => {
      if (request.url!.includes('q=down')) response.writeHead(503).end();
      else {
        const found = [{ title: 'A <b>perch</b>', url: 'https://a.example/', snippet: 'fish' }];
        response.end(JSON.stringify(searxng!.answer('perch', found)));
      }
    });
    perch = await startTestPerch({
      PERCH_SEARCH_ENGINE: 'searxng',
      PERCH_SEARCH_URL: `${service.origin}/search`,
    });
    user = await perch.user();
  });
  afterAll(async () => {
    await perch.stop();
    await service.close();
  });

  const use = async (tool: string, input: unknown): Promise<{ status: number; body: unknown }> => {
    const response = await user.post(`/api/v1/agent/tools/${tool}`, input);
    return { status: response.status, body: await response.json() };
  };

  it('is searched by the engine of the operator, in their network', async () => {
    expect(await use('web_search', { query: 'perch' })).toMatchObject({
      status: 200,
      body: {
        result: {
          results: [{ title: 'A perch', url: 'https://a.example/', snippet: 'fish' }],
        },
      },
    });
  });

  it('is told to be out of reach while the engine is down', async () => {
    expect(await use('web_search', { query: 'down' })).toMatchObject({
      status: 503,
      body: { code: 'tool_unavailable' },
    });
  });

  it('has no inside: not this installation, not its network, not the cloud’s own addresses', async () => {
    const before = service.connections();
    const { port } = service;
    const refused = [
      `http://127.0.0.1:${port}/`,
      perch.url,
      'http://localhost/',
      'http://2130706433/',
      'http://[::ffff:127.0.0.1]/',
      'http://169.254.169.254/latest/meta-data/iam/security-credentials/',
      'http://metadata.google.internal/computeMetadata/v1/',
      'file:///etc/passwd',
      'http://postgres:5432/',
    ];
    for (const url of refused) {
      const { status, body } = await use('web_fetch', { url });
      expect([url, status]).toEqual([url, 422]);
      expect(body).toMatchObject({ code: 'tool_failed' });
      expect((body as { tool_error: string }).tool_error).toMatch(/_forbidden$/);
    }
    expect(service.connections()).toBe(before);
  });

  it('cannot be searched without an engine, but read', async () => {
    const plain = await startTestPerch();
    try {
      const { tools } = (await (await (await plain.user()).get('/api/v1/agent/tools')).json()) as {
        tools: { name: string; side_effect: string }[];
      };
      expect(tools.filter(({ name }) => name.startsWith('web_'))).toMatchObject([
        { name: 'web_fetch', side_effect: 'egress' },
      ]);
    } finally {
      await plain.stop();
    }
  });
});

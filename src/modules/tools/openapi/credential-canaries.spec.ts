import { inspect } from 'node:util';
import { KeptLog } from '../../../../test/support/a-logger.js';
import { aToolsConfig } from '../../../../test/support/http-api/an-http-api.js';
import { anOutboundClient } from '../../../../test/support/http-api/an-outbound-client.js';
import { ShopServer } from '../../../../test/support/http-api/shop-server.js';
import { aToolExecutor } from '../../../../test/support/tools/a-tool-executor.js';
import type { Permission } from '../../../shared/context/principal.js';
import type { AgentMetrics } from '../../observability/index.js';
import type { ToolOutcome } from '../tool-outcome.js';
import type { HttpClient } from './http-client.js';
import { OpenApiTools } from './openapi-tools.js';

const HEADER_KEY = 'canary-header-2f9c1d';
const QUERY_KEY = 'canary query/7+a&b=c';
const TRACES = /canary|2f9c1d|7\+a&b|7%2Ba%26b/i;

/** Everything that anybody may see of calls: the outcome, the log, the metrics, the trail. */
describe('credentials of an HTTP API, seen from outside', () => {
  let shop: ShopServer;
  const client = anOutboundClient();
  const log = new KeptLog();
  const metrics: unknown[] = [];

  beforeAll(async () => {
    shop = await ShopServer.start();
  });
  afterAll(async () => {
    await client.onApplicationShutdown();
    await shop.stop();
  });

  async function seen(
    way: HttpClient,
    {
      input = { orderId: '1' },
      timeoutSeconds = 15,
    }: { input?: Record<string, string>; timeoutSeconds?: number } = {},
  ): Promise<string> {
    const api = {
      base_url: `${shop.url}/v1`,
      operations: ['cancelOrder'],
      methods: ['DELETE'],
      timeout_seconds: timeoutSeconds,
      credentials: [
        { in: 'header', name: 'Authorization', value_env: 'A', prefix: 'Bearer ' },
        { in: 'query', name: 'key', value_env: 'B' },
      ],
    };
    const config = aToolsConfig([api], { A: HEADER_KEY, B: QUERY_KEY });
    const tools = (await OpenApiTools.load(config, way)).tools();
    const { executor, trail } = aToolExecutor(tools, {
      logger: log.logger,
      metrics: { recordTool: (entry: unknown) => metrics.push(entry) } as unknown as AgentMetrics,
      rules: { '@write': { approval: 'never' } },
    });
    const outcome: ToolOutcome = await executor.execute(
      { toolName: 'shop_cancelOrder', input, toolCallId: 'c', idempotencyKey: 'r:1' },
      {
        principal: {
          userId: 'u',
          email: 'u@example.com',
          tier: 'pro',
          roles: [],
          permissions: new Set<Permission>(['tools:use']),
          limits: {},
          tools: { denied: new Set() },
        },
        runId: 'r',
        signal: new AbortController().signal,
        allowedTools: new Set(['shop_cancelOrder']),
      },
    );
    return inspect({ outcome, log: log.entries, metrics, trail, tools }, { depth: 12, showHidden: true });
  }

  it.each([
    ['sends them back', 200],
    ['complains about them', 401],
    ['breaks over them', 500],
  ])('are nowhere when the API %s', async (_, status) => {
    shop.next((response, { headers, target }) => {
      const echo = { headers, target, detail: `${headers.authorization} is not good, nor is ${target}` };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(echo));
    });
    const output = await seen(client);
    expect(shop.last.headers.authorization).toBe(`Bearer ${HEADER_KEY}`);
    expect(new URLSearchParams(shop.last.target.split('?')[1]).get('key')).toBe(QUERY_KEY);
    expect(output).toContain('[redacted]');
    expect(output).not.toMatch(TRACES);
  });

  it('are nowhere when nobody answers', async () => {
    shop.next(() => undefined);
    expect(await seen(client, { timeoutSeconds: 0.2 })).not.toMatch(TRACES);
  });

  it('are nowhere when the client fails and tells the address', async () => {
    const talkative: HttpClient = {
      request: async ({ url, headers }) => {
        throw new Error(`could not ask ${url} with ${JSON.stringify(headers)}`, { cause: new Error(url) });
      },
    };
    const output = await seen(talkative);
    expect(output).toContain('could not be reached');
    expect(output).not.toMatch(TRACES);
  });

  it('are nowhere when the input is refused', async () => {
    expect(await seen(client, { input: { orderId: '..' } })).not.toMatch(TRACES);
  });
});

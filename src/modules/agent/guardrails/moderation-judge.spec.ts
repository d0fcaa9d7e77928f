import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { anOutboundClient } from '../../../../test/support/http-api/an-outbound-client.js';
import { Secret } from '../../../config/secret.js';
import { ModerationJudge } from './moderation-judge.js';

describe(ModerationJudge.name, () => {
  const outbound = anOutboundClient();
  const received: { headers: IncomingMessage['headers']; body: unknown }[] = [];
  let answer: { status: number; body: string };
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      void readText(request).then((body) => {
        received.push({ headers: request.headers, body: JSON.parse(body) });
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/moderations`;
  });
  afterAll(async () => {
    await outbound.onApplicationShutdown();
    server.close().closeAllConnections();
  });
  beforeEach(() => void received.splice(0));

  const ask = (model?: string): Promise<boolean> =>
    new ModerationJudge({ url, apiKey: new Secret('judge-key'), model, timeoutMs: 5_000 }, outbound).isAttack(
      'Is this bad?',
      AbortSignal.timeout(5_000),
    );

  it.each([true, false])('passes on what the endpoint says: flagged is %s', async (flagged) => {
    answer = { status: 200, body: JSON.stringify({ id: 'modr-1', results: [{ flagged, categories: {} }] }) };
    expect(await ask('some-model')).toBe(flagged);
    expect(received[0]!.body).toEqual({ model: 'some-model', input: 'Is this bad?' });
    expect(received[0]!.headers.authorization).toBe('Bearer judge-key');
  });

  it('leaves the model to the endpoint when none is configured', async () => {
    answer = { status: 200, body: '{"results":[{"flagged":false}]}' };
    await ask();
    expect(received[0]!.body).toEqual({ input: 'Is this bad?' });
  });

  it.each([
    [500, '{"results":[{"flagged":true}]}'],
    [200, 'not JSON'],
    [200, '{"results":[]}'],
    [200, '{"flagged":true}'],
  ])('has no opinion when the endpoint answers %i %s', async (status, body) => {
    answer = { status, body };
    await expect(ask()).rejects.toThrow();
  });
});

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiClient } from '../support/perch/api-client.js';
import {
  assertGapFree,
  collect,
  cutAfter,
  followRun,
  followRunAcross,
  rawText,
} from '../support/perch/follow-run.js';
import { until } from '../support/until.js';

const LAST = 6;

function block(id: number): string {
  const event = id === LAST ? 'run-end' : 'text-delta';
  return `id: ${id}\nevent: ${event}\ndata: {"delta":"word${id}"}\n\n`;
}

const WHOLE = Array.from({ length: LAST }, (_, index) => block(index + 1)).join('');

/** What a replica does with the stream after it has sent the events up to this one. */
interface Behaviour {
  readonly upTo: number;
  readonly then: 'end' | 'reset' | 'silence' | 'refuse';
}

describe('following a run', () => {
  const servers: Server[] = [];
  const asked: (string | undefined)[] = [];
  let closed = 0;
  beforeEach(() => {
    asked.length = 0;
    closed = 0;
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  /** A replica that has the events of one run, heartbeats between them. */
  async function replica({ upTo, then }: Behaviour): Promise<ApiClient> {
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const after = request.headers['last-event-id'] as string | undefined;
      asked.push(after);
      response.on('close', () => (closed += 1));
      if (then === 'refuse') return void response.writeHead(404).end('{"code":"not_found"}');
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let id = Number(after ?? 0) + 1; id <= upTo; id += 1) {
        response.write(`: heartbeat\n\n${block(id)}`);
        // A turn for the reader, so that what was sent is not lost with a reset.
        await until(() => response.writableLength === 0);
      }
      if (then === 'end') response.end();
      if (then === 'reset') response.destroy();
    };
    const server = createServer((request, response) => void answer(request, response));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ApiClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'token');
  }

  it('reads blocks as they came, without heartbeats', async () => {
    const { events, isBroken } = await collect(followRun(await replica({ upTo: LAST, then: 'end' }), 'run'));
    expect(isBroken).toBe(false);
    expect(rawText(events)).toBe(WHOLE);
    assertGapFree(events.map(({ id }) => id));
  });

  it('begins after the event that it has', async () => {
    const client = await replica({ upTo: LAST, then: 'end' });
    const { events } = await collect(followRun(client, 'run', { lastEventId: 4 }));
    expect(events.map(({ id }) => id)).toEqual([5, 6]);
    expect(asked).toEqual(['4']);
  });

  it('says when a connection broke, and keeps what came', async () => {
    const { events, isBroken } = await collect(followRun(await replica({ upTo: 3, then: 'reset' }), 'run'));
    expect(isBroken).toBe(true);
    expect(events.length).toBeLessThanOrEqual(3);
  });

  it('leaves after as many events as it was told', async () => {
    const cut = cutAfter(2);
    const client = await replica({ upTo: 4, then: 'silence' });
    const events = await cut.take(followRun(client, 'run', { signal: cut.signal }));
    expect(events.map(({ id }) => id)).toEqual([1, 2]);
    await until(() => closed === 1);
  });

  it('goes on elsewhere when a replica ends early, breaks or falls silent: nothing twice, nothing lost', async () => {
    const clients = await Promise.all([
      replica({ upTo: 2, then: 'end' }),
      replica({ upTo: 3, then: 'reset' }),
      replica({ upTo: 4, then: 'silence' }),
      replica({ upTo: LAST, then: 'end' }),
    ]);
    const { events } = await collect(followRunAcross(clients, 'run', { patienceMs: 100 }));
    expect(rawText(events)).toBe(WHOLE);
  });

  it('does not try again where it is refused', async () => {
    const clients = [await replica({ upTo: 0, then: 'refuse' })];
    await expect(collect(followRunAcross(clients, 'run'))).rejects.toThrow(/got 404/);
    expect(asked).toHaveLength(1);
  });

  it('gives up on a run that does not end', async () => {
    const clients = [await replica({ upTo: 3, then: 'silence' })];
    const following = (async () => {
      for await (const event of followRunAcross(clients, 'run', { patienceMs: 50, withinMs: 200 }))
        expect(event.id).toBeLessThanOrEqual(3);
    })();
    await expect(following).rejects.toThrow('The run did not end within 200 ms; last event: 3');
  });

  it('names the first id that is out of place', () => {
    expect(() => assertGapFree([1, 2, 4])).toThrow('Event 3 should have the id 3; the ids are 1, 2, 4');
    expect(() => assertGapFree([5, 6], 5)).not.toThrow();
  });
});

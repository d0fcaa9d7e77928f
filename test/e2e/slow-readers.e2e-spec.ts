import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { ModelServer } from '../support/model-server/model-server.js';
import { collect, followRun, followRunAcross } from '../support/perch/follow-run.js';
import type { Replica } from '../support/perch/replica.js';
import { type Replicas, REPLICAS_TIMEOUT_MS, startReplicas } from '../support/perch/replicas.js';
import { streamedText } from '../support/perch/sse-client.js';
import { compatibleWith } from '../support/perch/test-perch.js';
import { until } from '../support/until.js';

const READERS = 100;
const TEXT_BYTES = 8_000_000;
/** A copy of the answer for each takes 800 MB. Without a bound the heap grows as long as the machine has memory. */
const HEAP = '--max-old-space-size=256';
const MAX_GROWTH_MB = 300;

describe('readers that do not read', () => {
  let models: ModelServer;
  let replicas: Replicas;
  let replica: Replica;
  beforeAll(async () => {
    models = await ModelServer.start();
    replicas = await startReplicas({
      count: 1,
      env: { ...compatibleWith(models.url), PERCH_STREAM_WRITE_TIMEOUT_MS: '1000', NODE_OPTIONS: HEAP },
    });
    [replica] = replicas.all as [Replica];
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    await replicas.stop();
    await models.stop();
  }, REPLICAS_TIMEOUT_MS);

  const rssMb = (): number => {
    const [, kb] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${replica.pid}/status`, 'utf8'))!;
    return Number(kb) / 1024;
  };

  /** Asks for a stream and reads no byte of it. Resolves when the server closes the connection. */
  function stall(path: string, token: string): { socket: Socket; closed: Promise<void> } {
    const { hostname, port } = new URL(replica.url);
    const socket = connect(Number(port), hostname);
    socket.pause();
    socket.write(`GET ${path} HTTP/1.1\r\nHost: perch\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    const closed = new Promise<void>((resolve) =>
      socket.once('error', () => undefined).once('close', () => resolve()),
    );
    return { socket, closed };
  }

  it('F28: are let go, cost no copy of the answer, hold nobody else back, and may come back', async () => {
    models.always({ text: 'abcdefgh'.repeat(TEXT_BYTES / 8), chunkSize: 32_000 });
    const ada = await replicas.user();
    const client = ada.on(replica);
    const { run_id: runId } = await client.chat({ message: 'a long one' });
    const path = `/api/v1/agent/runs/${runId}/events`;
    const before = rssMb();
    const readers = Array.from({ length: READERS }, () => stall(path, ada.token));
    const streams = (): Promise<number> => replica.metric('http_open_streams');
    await until(async () => (await streams()) > READERS / 2, 5_000);

    let most = 0;
    // On a busy machine this reader may be too slow for a moment as well; it comes back, as any good client does.
    const whole = await collect(followRunAcross([client], runId, { withinMs: 60_000 }));
    expect(streamedText(whole.events)).toHaveLength(TEXT_BYTES);
    await until(async () => {
      most = Math.max(most, rssMb());
      return (await streams()) === 0;
    }, 60_000);
    expect(most - before).toBeLessThan(MAX_GROWTH_MB);
    for (const { socket } of readers) socket.resume();
    await Promise.all(readers.map(({ closed }) => closed));

    const lastEventId = whole.events.at(-3)!.id;
    const rest = await collect(followRun(client, runId, { lastEventId }));
    expect(rest.events).toEqual(whole.events.slice(-2));
  }, 150_000);
});

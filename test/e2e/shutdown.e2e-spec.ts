import { expectValidConversation, readMessages } from '../support/conversation-checks.js';
import { ModelServer } from '../support/model-server/model-server.js';
import { echo, ModelBook, oneTool, storyOf, storyText } from '../support/perch/conversation-script.js';
import { assertGapFree, collect, followRunAcross, isLast, readStream } from '../support/perch/follow-run.js';
import type { ApiClient } from '../support/perch/api-client.js';
import type { Replica } from '../support/perch/replica.js';
import {
  type Replicas,
  REPLICAS_TIMEOUT_MS,
  type ReplicaUser,
  startReplicas,
} from '../support/perch/replicas.js';
import { type StreamedEvent, streamedText } from '../support/perch/sse-client.js';
import { compatibleWith } from '../support/perch/test-perch.js';
import { until } from '../support/until.js';

const CHAT = '/api/v1/agent/chat';
const STREAM = `${CHAT}/stream`;
const GRACE_MS = 1_000;
const STREAMS = 20;

interface Followed {
  readonly message: string;
  readonly events: readonly StreamedEvent[];
  /** What the server said that went down, if it did. */
  readonly farewell: StreamedEvent | undefined;
}

describe('a process that is asked to end', () => {
  let models: ModelServer;
  let book: ModelBook;
  let replicas: Replicas;
  let one: Replica;
  let two: Replica;
  let ada: ReplicaUser;
  beforeAll(async () => {
    models = await ModelServer.start();
    book = new ModelBook(models);
    replicas = await startReplicas({
      count: 2,
      env: {
        ...compatibleWith(models.url),
        PERCH_SHUTDOWN_GRACE_SECONDS: String(GRACE_MS / 1000),
        AI_FREE_TIER_RPM: '100000',
        AI_FREE_TIER_TPM: '1000000000',
      },
    });
    [one, two] = replicas.all as [Replica, Replica];
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    await replicas.stop();
    await models.stop();
  }, REPLICAS_TIMEOUT_MS);
  beforeEach(async () => {
    models.reset().always(echo());
    if (!one.isAlive) await one.restart();
    if (!two.isAlive) await two.restart();
    ada = await replicas.user();
  }, REPLICAS_TIMEOUT_MS);

  /** A good client: reads a stream to its end and, when the server goes, goes on elsewhere after the last event it has. */
  async function streamAnyhow(clients: readonly ApiClient[], message: string): Promise<Followed> {
    const response = await clients[0]!.post(STREAM, { message });
    const { events } = await collect(readStream(response));
    const farewell = events.find(({ id }) => Number.isNaN(id));
    const numbered = events.filter(({ id }) => !Number.isNaN(id));
    const last = numbered.at(-1)!;
    if (isLast(last)) return { message, events: numbered, farewell };
    const others = clients.slice(1);
    const rest = await collect(followRunAcross(others, numbered[0]!.data.run_id!, { lastEventId: last.id }));
    return { message, events: [...numbered, ...rest.events], farewell };
  }

  function textAfterRestarts(events: readonly StreamedEvent[]): string {
    let kept: StreamedEvent[] = [];
    for (const event of events) {
      if (event.event !== 'step-restart') kept.push(event);
      else kept = kept.filter(({ id }) => id <= (event.data.discard_after as number));
    }
    return streamedText(kept);
  }

  it('is not ready at once, lets streams end, hands over what is left after the grace period, and loses no event', async () => {
    // Even ones do not end within the grace period.
    models.always((request) =>
      storyOf(oddness(request.body) ? 100 : 600, { delayMs: 4, chunkSize: 5 })(request),
    );
    const reading = Array.from({ length: STREAMS }, (_, index) =>
      streamAnyhow([ada.on(one), ada.on(two)], `stream ${index}`),
    );
    await until(() => book.calls().length === STREAMS);
    one.kill('SIGTERM');
    const termAt = performance.now();
    await until(async () => (await one.anonymous().get('/health/ready')).status === 503, 100);
    const refused = await ada.on(one).post(CHAT, { message: 'too late' });
    expect(refused.headers.get('connection')).toBe('close');
    expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'shutting_down' }]);
    expect((await one.anonymous().get('/health/live')).status).toBe(200);

    expect(await one.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - termAt).toBeLessThan(GRACE_MS + 2_000);
    for (const { message, events, farewell } of await Promise.all(reading)) {
      assertGapFree(events.map(({ id }) => id));
      expect(events.at(-1)).toMatchObject({ event: 'run-end', data: { stop_reason: 'finished' } });
      const words = Number(message.split(' ')[1]) % 2 === 1 ? 100 : 600;
      expect(textAfterRestarts(events)).toBe(storyText(words));
      if (words === 600) {
        expect(farewell).toMatchObject({ event: 'run-error', data: { problem: { code: 'shutting_down' } } });
      }
      expectValidConversation(await readMessages(ada.on(two), events[0]!.data.session_id!));
    }
  }, 60_000);

  it('hands a run over in the middle of a tool, which is not executed again', async () => {
    models.always(oneTool('append_line', { text: 'handed over', delay_ms: 20_000 }));
    const reading = streamAnyhow([ada.on(one), ada.on(two)], 'long tool');
    await replicas.effects.happened('handed over');
    expect(await one.terminate()).toEqual({ code: 0, signal: null });
    const { events } = await reading;
    assertGapFree(events.map(({ id }) => id));
    expect(events.find(({ event }) => event === 'tool-result')).toMatchObject({
      data: { is_error: true, result: { error: { code: 'outcome_unknown' } } },
    });
    expect(events.at(-1)).toMatchObject({ event: 'run-end', data: { content: 'long tool done' } });
    expect(replicas.effects.texts('handed over')).toHaveLength(1);
    expectValidConversation(await readMessages(ada.on(two), events[0]!.data.session_id!));
  }, 30_000);

  it('tells who waits for one answer where to find it', async () => {
    models.always(storyOf(400, { delayMs: 4, chunkSize: 5 }));
    const asking = ada.on(one).post(CHAT, { message: 'patience' });
    await until(() => book.counts('patience').open === 1);
    one.kill('SIGTERM');
    const response = await asking;
    const problem = (await response.json()) as { code: string; run_id: string; events: string };
    expect([response.status, problem.code]).toEqual([503, 'shutting_down']);
    const { events } = await collect(followRunAcross([ada.on(two)], problem.run_id));
    expect(events.at(-1)).toMatchObject({ event: 'run-end', data: { content: storyText(400) } });
    expect(await one.exited).toEqual({ code: 0, signal: null });
  }, 30_000);

  it('F33: ends at once when it is asked twice', async () => {
    models.always(storyOf(1_000, { delayMs: 5 }));
    const asking = ada.on(one).post(STREAM, { message: 'twice' });
    await until(() => book.counts('twice').open === 1);
    one.kill('SIGTERM');
    await one.waitForLog('perch.stopping');
    const askedAt = performance.now();
    one.kill('SIGTERM');
    await one.exited;
    expect(performance.now() - askedAt).toBeLessThan(500);
    await collect(readStream(await asking));
  }, 30_000);

  it('loses nothing when all replicas are restarted one after the other under load', async () => {
    models.always(storyOf(60, { delayMs: 5, chunkSize: 10 }));
    let isOver = false;
    let number = 0;
    const answered: Followed[] = [];
    const caller = async (): Promise<void> => {
      while (!isOver) {
        const message = `rolling ${(number += 1)}`;
        const ready = replicas.all.filter(({ isAlive }) => isAlive);
        const first = ready[number % ready.length]!;
        const order = [first, ...replicas.all.filter((replica) => replica !== first)];
        try {
          answered.push(
            await streamAnyhow(
              order.map((replica) => ada.on(replica)),
              message,
            ),
          );
        } catch {
          // Refused, or not reached at all: nothing was begun, and the caller asks another.
        }
      }
    };
    const callers = Array.from({ length: 8 }, caller);
    for (const replica of [one, two]) {
      const begun = number;
      await until(() => number > begun + 8);
      expect(await replica.terminate()).toEqual({ code: 0, signal: null });
      await replica.restart();
    }
    isOver = true;
    await Promise.all(callers);
    expect(answered.length).toBeGreaterThan(20);
    for (const { events } of answered) {
      assertGapFree(events.map(({ id }) => id));
      expect(events.at(-1)).toMatchObject({ event: 'run-end', data: { stop_reason: 'finished' } });
      expect(textAfterRestarts(events)).toBe(storyText(60));
    }
    const open = await replicas.database.dataSource.query(
      `SELECT id, status FROM run WHERE status NOT IN ('completed', 'cancelled')`,
    );
    expect(open).toEqual([]);
  }, 60_000);
});

/** Whether the number at the end of the user's message is odd. */
function oddness(body: unknown): boolean {
  return /stream \d*[13579]"/.test(JSON.stringify(body));
}

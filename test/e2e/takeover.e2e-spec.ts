import { setTimeout as wait } from 'node:timers/promises';
import { expectValidConversation, readMessages } from '../support/conversation-checks.js';
import { ModelServer } from '../support/model-server/model-server.js';
import { ModelBook, stepText, threeSteps } from '../support/perch/conversation-script.js';
import { assertGapFree, collect, followRunAcross, isLast, readStream } from '../support/perch/follow-run.js';
import type { Replica } from '../support/perch/replica.js';
import { type Replicas, REPLICAS_TIMEOUT_MS, startReplicas } from '../support/perch/replicas.js';
import { streamedText, type StreamedEvent } from '../support/perch/sse-client.js';
import { compatibleWith } from '../support/perch/test-perch.js';
import { until } from '../support/until.js';

const LEASE_MS = 3_000;
const KILLS = 4;
const RUNS_PER_KILL = 5;
/** About what one run takes at the pace below. */
const RUN_MS = 900;

interface LedgerRow {
  readonly epoch: number;
  readonly seq: number;
  readonly source: string;
}

/** What a client that honours `step-restart` has at the end. */
function afterRestarts(events: readonly StreamedEvent[]): StreamedEvent[] {
  let kept: StreamedEvent[] = [];
  for (const event of events) {
    if (event.event === 'step-restart') {
      const after = event.data.discard_after as number;
      kept = kept.filter(({ id }) => id <= after);
    } else kept.push(event);
  }
  return kept;
}

describe('a run whose process dies', () => {
  let models: ModelServer;
  let book: ModelBook;
  let replicas: Replicas;
  let one: Replica;
  let two: Replica;
  beforeAll(async () => {
    models = await ModelServer.start();
    book = new ModelBook(models);
    replicas = await startReplicas({
      count: 2,
      env: { ...compatibleWith(models.url), PERCH_LEASE_SECONDS: String(LEASE_MS / 1000) },
    });
    [one, two] = replicas.all as [Replica, Replica];
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    await replicas.stop();
    await models.stop();
  }, REPLICAS_TIMEOUT_MS);
  beforeEach(() => void models.reset());

  const ledgerOf = (runId: string): Promise<LedgerRow[]> =>
    replicas.database.dataSource.query(
      'SELECT epoch, seq, source FROM usage_record WHERE run_id = $1 ORDER BY epoch, seq',
      [runId],
    );

  it(
    'is taken over whenever that happens: it ends in time, does nothing twice, and leaves a valid conversation',
    async () => {
      models.always(threeSteps({ delayMs: 10, toolDelayMs: 60 }));
      const ada = await replicas.user();
      for (let kill = 0; kill < KILLS; kill += 1) {
        const texts = Array.from({ length: RUNS_PER_KILL }, (_, run) => `kill ${kill} run ${run}`);
        const started = await Promise.all(
          texts.map(async (message) => {
            await wait(Math.random() * RUN_MS);
            const response = await ada.on(one).post('/api/v1/agent/chat/stream', { message });
            const seen: StreamedEvent[] = [];
            const reading = (async () => {
              for await (const event of readStream(response)) seen.push(event);
            })().catch(() => undefined);
            await until(() => seen.length > 0);
            return { message, seen, reading };
          }),
        );
        await one.kill9();
        const killedAt = performance.now();
        await Promise.all(
          started.map(async ({ message, seen, reading }) => {
            await reading;
            const { run_id: runId, session_id: sessionId } = seen[0]!.data as {
              run_id: string;
              session_id: string;
            };
            const lastEventId = seen.at(-1)!.id;
            const rest = isLast(seen.at(-1)!)
              ? []
              : (await collect(followRunAcross([ada.on(two)], runId, { lastEventId }))).events;
            expect(performance.now() - killedAt).toBeLessThan(LEASE_MS + 5_000);
            const events = [...seen, ...rest];
            assertGapFree(events.map(({ id }) => id));
            expect(events.filter(isLast)).toHaveLength(1);
            expect(events.at(-1)!.event).toBe('run-end');
            expect(streamedText(afterRestarts(events))).toBe(
              `${stepText(message, 1)}${stepText(message, 2)}${message} done`,
            );

            const effects = replicas.effects.texts(`${message} `);
            expect(effects.length).toBe(new Set(effects).size);
            const messages = await readMessages(ada.on(two), sessionId);
            expectValidConversation(messages);
            expect(messages.at(-1)).toMatchObject({ role: 'assistant', content: `${message} done` });
            const ledger = await ledgerOf(runId);
            expect(ledger.length).toBeGreaterThanOrEqual(3);
            // One row more than calls that arrived: of a call that the dead process was about to make.
            const { arrived } = book.counts(message);
            expect([arrived, arrived + 1]).toContain(ledger.length);
            expect(ledger.filter(({ source }) => source !== 'unknown')).toHaveLength(3);
          }),
        );
        await one.restart();
      }
    },
    KILLS * 20_000,
  );

  it.each([
    ['in the middle of an answer', async (seen: readonly StreamedEvent[]) => until(() => seen.length > 6)],
    ['in the middle of a tool', async () => void (await replicas.effects.happened('sleeper 1'))],
  ])(
    'loses its old owner for good when that was only asleep: %s',
    async (where, moment) => {
      models.always(threeSteps({ delayMs: 15, toolDelayMs: 300 }));
      const message = where.includes('tool') ? 'sleeper' : 'dreamer';
      const ada = await replicas.user();
      const seen: StreamedEvent[] = [];
      const reading = (async () => {
        const response = await ada.on(one).post('/api/v1/agent/chat/stream', { message });
        for await (const event of readStream(response)) seen.push(event);
      })();
      await moment(seen);
      one.pause();
      try {
        const { run_id: runId } = seen[0]!.data;
        const { events } = await collect(followRunAcross([ada.on(two)], runId!));
        expect(events.at(-1)).toMatchObject({ event: 'run-end', data: { content: `${message} done` } });
        const before = await traces(runId!, message);
        one.resume();
        await one.waitForLog((line) => line.event === 'agent.run.fenced' && line.run_id === runId);
        // Its reader is given what the new owner did.
        await reading;
        expect(seen.at(-1)).toEqual(events.at(-1));
        assertGapFree(seen.map(({ id }) => id));
        // Whatever it might still want to write or dispatch: two beats and a whole step later there is nothing.
        await wait(LEASE_MS);
        expect(await traces(runId!, message)).toEqual(before);
        const effects = replicas.effects.texts(`${message} `);
        expect(effects.length).toBe(new Set(effects).size);
      } finally {
        one.resume();
      }
    },
    30_000,
  );

  it('has the call that was lost in its ledger, although its user is disabled by then', async () => {
    models.always(threeSteps({ delayMs: 50, toolDelayMs: 60 }));
    const ada = await replicas.user();
    const { id } = (await (await ada.on(two).get('/api/v1/auth/me')).json()) as { id: string };
    const response = await ada.on(one).post('/api/v1/agent/chat/stream', { message: 'gone' });
    const seen: StreamedEvent[] = [];
    for await (const event of readStream(response)) {
      seen.push(event);
      if (event.event === 'text-delta') break;
    }
    await one.kill9();
    const { dataSource } = replicas.database;
    await dataSource.query('UPDATE user_account SET disabled_at = now() WHERE id = $1', [id]);
    const runId = seen[0]!.data.run_id!;
    await until(async () => {
      const [run] = await dataSource.query<{ status: string }[]>('SELECT status FROM run WHERE id = $1', [
        runId,
      ]);
      return run?.status === 'failed' || run?.status === 'cancelled';
    }, LEASE_MS + 5_000);
    expect(await ledgerOf(runId)).toEqual([expect.objectContaining({ source: 'unknown' })]);
    await one.restart();
  }, 30_000);

  /** All that a run leaves behind in the world. */
  async function traces(runId: string, message: string): Promise<unknown> {
    const { dataSource } = replicas.database;
    const [run, steps, messages, events, ledger] = await Promise.all(
      [
        'SELECT status, epoch, owner, message_id, usage, ended_at FROM run WHERE id = $1',
        'SELECT * FROM step WHERE run_id = $1 ORDER BY seq',
        'SELECT * FROM message WHERE run_id = $1 ORDER BY seq',
        'SELECT * FROM run_event WHERE run_id = $1 ORDER BY first_id',
        'SELECT * FROM usage_record WHERE run_id = $1 ORDER BY epoch, seq',
      ].map((sql) => dataSource.query<unknown[]>(sql, [runId])),
    );
    const { arrived } = book.counts(message);
    return { run, steps, messages, events, ledger, arrived, effects: replicas.effects.list(`${message} `) };
  }
});

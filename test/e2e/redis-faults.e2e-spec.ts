import { jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { expectValidConversation, readMessages } from '../support/conversation-checks.js';
import { ModelServer } from '../support/model-server/model-server.js';
import { echo, lastUserText, type Script, storyOf, storyText } from '../support/perch/conversation-script.js';
import { assertGapFree, isLast, readStreamRaw, type StreamRead } from '../support/perch/follow-run.js';
import { Reading } from '../support/perch/reading.js';
import { becomeReady, expectUnharmed, readinessOf, timed } from '../support/perch/replica-checks.js';
import type { Replica } from '../support/perch/replica.js';
import {
  type Replicas,
  type ReplicaUser,
  REPLICAS_TIMEOUT_MS,
  startReplicas,
} from '../support/perch/replicas.js';
import { streamedText } from '../support/perch/sse-client.js';
import { compatibleWith } from '../support/perch/test-perch.js';
import { describeWithOwnRedis, type OwnRedis, startOwnRedis } from '../support/servers/own-redis.js';
import { RespServer } from '../support/servers/resp-server.js';
import { until } from '../support/until.js';

jest.setTimeout(REPLICAS_TIMEOUT_MS);

const CHAT_STREAM = '/api/v1/agent/chat/stream';
const COMMAND_TIMEOUT_MS = 250;
/** What a busy machine may add. */
const SLACK_MS = 500;

/** "a story…" takes more than a second to tell; everything else is echoed at once. */
const WORDS = 100;
const script: Script = (request) =>
  (lastUserText(request).startsWith('a story') ? storyOf(WORDS, { delayMs: 10 }) : echo())(request);

const tell = (user: ReplicaUser, replica: Replica, message = 'a story'): Promise<Reading> =>
  Reading.of(user.on(replica).post(CHAT_STREAM, { message }));

const follow = (user: ReplicaUser, replica: Replica, runId: string): Promise<Reading> =>
  Reading.of(user.on(replica).get(`/api/v1/agent/runs/${runId}/events`));

function expectWholeStory({ events, isBroken }: StreamRead): void {
  assertGapFree(events.map(({ id }) => id));
  expect(isBroken).toBe(false);
  expect(events.findIndex(isLast)).toBe(events.length - 1);
  expect(events.at(-1)!.event).toBe('run-end');
  expect(streamedText(events)).toBe(storyText(WORDS));
}

/** A reader elsewhere has more than half of a story while it is still being told. */
async function expectFollowedLive(user: ReplicaUser, owner: Replica, elsewhere: Replica): Promise<void> {
  const told = await tell(user, owner);
  const followed = await follow(user, elsewhere, told.runId);
  await until(() => streamedText(followed.events).length > storyText(WORDS).length / 2);
  expect(told.isOver).toBe(false);
  expectWholeStory(await told.whole);
  expectWholeStory(await followed.whole);
}

/** These tests are about runs; that nothing is spent while Redis is away is the matter of budgets.e2e-spec.ts. */
const COUNTED_LOCALLY = { PERCH_QUOTA_WITHOUT_REDIS: 'local' };

describeWithOwnRedis('a Redis that is down when the replicas start', () => {
  let models: ModelServer;
  let redis: OwnRedis;
  let replicas: Replicas;
  let one: Replica;
  beforeAll(async () => {
    models = await ModelServer.start();
    models.always(script);
    redis = await startOwnRedis();
    await redis.stop();
    replicas = await startReplicas({
      count: 2,
      redisUrl: redis.url,
      env: compatibleWith(models.url, COUNTED_LOCALLY),
    });
    [one] = replicas.all as [Replica, Replica];
  });
  afterAll(async () => {
    await replicas.stop();
    await redis.stop();
    await models.stop();
  });

  it('F18: they live, say that they are not ready and why, and are ready within 5 s of its start', async () => {
    const pids = replicas.all.map(({ pid }) => pid);
    for (const replica of replicas.all) {
      expect((await replica.anonymous().get('/health/live')).status).toBe(200);
      expect(await readinessOf(replica)).toEqual({ status: 503, checks: { database: 'up', redis: 'down' } });
      expect((await replica.waitForLog('redis.lost')).level).toBe('error');
    }
    const ada = await replicas.user();
    expect((await ada.on(one).chat({ message: 'without' })).content).toBe('without');

    await redis.start();
    await becomeReady(replicas.all, 5_000);
    for (const replica of replicas.all) {
      expect(replica.logged('redis.lost')).toHaveLength(1);
      await replica.waitForLog('redis.back');
      expectUnharmed(replica);
    }
    expect(replicas.all.map(({ pid }) => pid)).toEqual(pids);
    expect((await ada.on(one).chat({ message: 'with' })).content).toBe('with');
  });
});

describeWithOwnRedis('a Redis that fails under two replicas', () => {
  let models: ModelServer;
  let redis: OwnRedis;
  let replicas: Replicas;
  let one: Replica;
  let two: Replica;
  beforeAll(async () => {
    models = await ModelServer.start();
    models.always(script);
    redis = await startOwnRedis();
    replicas = await startReplicas({
      count: 2,
      redisUrl: redis.url,
      env: compatibleWith(models.url, COUNTED_LOCALLY),
    });
    [one, two] = replicas.all as [Replica, Replica];
  });
  afterAll(async () => {
    await replicas.stop();
    await redis.stop();
    await models.stop();
  });
  beforeEach(async () => {
    redis.resume();
    await redis.start();
    await becomeReady(replicas.all);
  });
  afterEach(() => replicas.all.forEach(expectUnharmed));

  it('F19: killed in the middle of an answer it takes nothing with it', async () => {
    const ada = await replicas.user();
    const told = await tell(ada, one);
    const followed = await follow(ada, two, told.runId);
    await followed.has(10);
    await redis.kill();

    for (const replica of replicas.all) {
      for (let index = 0; index < 3; index += 1) {
        const tookMs = await timed(() => ada.on(replica).stream({ message: 'and now?' }));
        expect(tookMs).toBeLessThan(COMMAND_TIMEOUT_MS + SLACK_MS);
      }
      expect(await readinessOf(replica)).toEqual({ status: 503, checks: { database: 'up', redis: 'down' } });
      await replica.waitForLog('redis.lost');
    }
    await one.waitForLog('redis.events.not_published');
    expect(told.isOver).toBe(false);
    expectWholeStory(await told.whole);
    expectWholeStory(await followed.whole);
    const messages = await readMessages(ada.on(two), told.sessionId);
    expectValidConversation(messages);
    expect(messages.map(({ content }) => content)).toEqual(['a story', storyText(WORDS)]);
  });

  it('F19: once it is back, each replica follows the other’s runs live, those that run already included', async () => {
    const ada = await replicas.user();
    const told = await tell(ada, one);
    const followed = await follow(ada, two, told.runId);
    await redis.kill();
    await until(async () => (await readinessOf(two)).status === 503);
    await redis.start();
    const seen = followed.events.length;
    await until(() => followed.events.length > seen + 20);
    expect(told.isOver).toBe(false);
    expectWholeStory(await told.whole);
    expectWholeStory(await followed.whole);

    await becomeReady(replicas.all);
    await expectFollowedLive(ada, one, two);
    await expectFollowedLive(ada, two, one);
    await one.waitForLog('redis.events.published_again');
  });

  it('F20: paused it is waited for once, and not by each request', async () => {
    const ada = await replicas.user();
    const { run_id: over } = await ada.on(one).chat({ message: 'before' });
    const told = await tell(ada, one);
    await told.has(10);
    redis.pause();

    for (const ask of [
      () => ada.on(one).stream({ message: 'still there?' }),
      async () => (await follow(ada, two, over)).whole,
    ]) {
      const tookMs: number[] = [];
      for (let index = 0; index < 10; index += 1) tookMs.push(await timed(ask));
      expect(Math.max(...tookMs)).toBeLessThan(COMMAND_TIMEOUT_MS + SLACK_MS);
      expect(tookMs.filter((ms) => ms > COMMAND_TIMEOUT_MS).length).toBeLessThanOrEqual(2);
    }
    for (const replica of replicas.all) {
      expect(await readinessOf(replica)).toEqual({ status: 503, checks: { database: 'up', redis: 'down' } });
    }
    expectWholeStory(await told.whole);

    redis.resume();
    await becomeReady(replicas.all, 5_000);
    await expectFollowedLive(ada, one, two);
    await expectFollowedLive(ada, two, one);
  });

  it('F21: FLUSHALL in the middle of a run leaves a reader elsewhere without a gap', async () => {
    const ada = await replicas.user();
    const told = await tell(ada, one);
    const followed = await follow(ada, two, told.runId);
    for (const count of [10, 40]) {
      await followed.has(count);
      await redis.flush();
    }
    const late = await follow(ada, two, told.runId);
    expect(told.isOver).toBe(false);
    for (const reading of [told, followed, late]) expectWholeStory(await reading.whole);
  });

  it.each<[string, string[], string[]]>([
    ['OOM', ['maxmemory', '1'], ['maxmemory', '0']],
    ['READONLY', ['replicaof', '127.0.0.1', '1'], ['replicaof', 'no', 'one']],
  ])('F22: answering %s it costs the live view and nothing else', async (code, begin, end) => {
    const admin = new Redis(redis.url, { disconnectTimeout: 0 });
    const say = ([word, ...values]: string[]): Promise<unknown> =>
      word === 'replicaof' ? admin.call(word, ...values) : admin.config('SET', word!, values[0]!);
    const ada = await replicas.user();
    try {
      const told = await tell(ada, one);
      await told.has(10);
      await say(begin);
      await one.waitForLog(
        ({ event, err }) =>
          event === 'redis.events.not_published' && (err as { message: string }).message.startsWith(code),
      );
      const followed = await follow(ada, two, told.runId);
      expectWholeStory(await told.whole);
      expectWholeStory(await followed.whole);
      await say(end);
      await becomeReady(replicas.all);
      await expectFollowedLive(ada, one, two);
    } finally {
      await say(end);
      admin.disconnect();
    }
  });
});

describe('a Redis that refuses', () => {
  let models: ModelServer;
  let redis: RespServer;
  let replicas: Replicas;
  let one: Replica;
  beforeAll(async () => {
    models = await ModelServer.start();
    models.always(script);
    redis = await RespServer.start();
    replicas = await startReplicas({
      count: 1,
      redisUrl: redis.url,
      env: compatibleWith(models.url, COUNTED_LOCALLY),
    });
    one = replicas.all[0]!;
  });
  afterAll(async () => {
    await replicas.stop();
    await redis.stop();
    await models.stop();
  });

  it.each([
    'LOADING Redis is loading the dataset in memory',
    "READONLY You can't write against a read only replica.",
    "OOM command not allowed when used memory > 'maxmemory'.",
    'MOVED 3999 127.0.0.1:6381',
    'ERR unknown command',
  ])('F22: answering everything with "%s" it harms neither the process nor a stream', async (refusal) => {
    const ada = await replicas.user();
    redis.refuse(() => undefined);
    await becomeReady([one]);
    const told = await tell(ada, one);
    const followed = await follow(ada, one, told.runId);
    await told.has(10);
    redis.refuse(() => refusal);
    await until(() => redis.commands.includes('EVALSHA'));
    expect((await readinessOf(one)).status).toBe(503);
    // A run that is not here: its readers subscribe and read, and are refused both.
    const gone = await readStreamRaw(await ada.on(one).get(`/api/v1/agent/runs/${told.runId}/events`));
    for (const read of [gone, await told.whole, await followed.whole]) expectWholeStory(read);
    expectUnharmed(one);
  });

  it('F22: refusing subscriptions after a reconnection it does not end the process', async () => {
    const ada = await replicas.user();
    redis.refuse(() => undefined);
    await becomeReady([one]);
    const told = await tell(ada, one);
    redis.refuse((command) => (command === 'SUBSCRIBE' ? 'LOADING Redis is loading' : undefined));
    redis.hangUp();
    await until(() => redis.commands.includes('SUBSCRIBE'));
    expectWholeStory(await told.whole);
    expectUnharmed(one);
  });

  it('F22: it is used again as soon as it answers', async () => {
    const ada = await replicas.user();
    redis.refuse(() => undefined);
    await becomeReady([one]);
    expectWholeStory(await (await tell(ada, one)).whole);
    expect(redis.commands).toContain('EVALSHA');
  });
});

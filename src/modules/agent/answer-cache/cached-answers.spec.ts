import { ErasureParticipants } from '../../../shared/erasure/erasure-participants.js';
import { Counter, Registry } from 'prom-client';
import { KeptLog } from '../../../../test/support/a-logger.js';
import {
  A_MODEL,
  calls,
  FakeModelClient,
  finish,
  says,
  type ScriptedCall,
} from '../../../../test/support/agent/fake-model-client.js';
import type { ConversationService } from '../../conversation/index.js';
import type { ModelCallEvent, ModelRequest } from '../../providers/index.js';
import type { AnswerCache } from './answer-cache.js';
import { AnswerCacheMetrics } from './answer-cache-metrics.js';
import type { AnswerCacheUse } from './answer-place.js';
import { CachedAnswers } from './cached-answers.js';
import { MemoryAnswerCache } from './memory/memory-answer-cache.js';

const USE: AnswerCacheUse = {
  agent: 'default',
  prompt: null,
  userId: 'ada',
  ttlMs: 60_000,
  isShared: false,
  isPersonal: false,
  instructions: 'Be brief.',
  system: 'Be brief.',
};
const REQUEST: ModelRequest = {
  model: A_MODEL,
  system: 'Be brief.',
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'Why?' }] }],
  tools: [],
  maxOutputTokens: 100,
};
const STORY: ScriptedCall = {
  events: [
    { type: 'start' },
    { type: 'reasoning-delta', delta: 'hm' },
    { type: 'text-delta', delta: 'Be' },
    { type: 'text-delta', delta: 'cause.' },
    finish('stop'),
  ],
};

describe(CachedAnswers.name, () => {
  let clear: (id: string, userId: string) => void;
  let registry: Registry;

  function answersOver(cache: AnswerCache, log = new KeptLog()): CachedAnswers {
    registry = new Registry();
    const counter = new Counter({
      name: 'answer_cache_total',
      help: 'x',
      labelNames: ['outcome'],
      registers: [registry],
    });
    const conversations = { onCleared: (listener: typeof clear) => (clear = listener) };
    const answers = new CachedAnswers(
      cache,
      conversations as unknown as ConversationService,
      new ErasureParticipants(),
      new AnswerCacheMetrics(counter),
      log.logger,
    );
    answers.onModuleInit();
    return answers;
  }
  async function outcomes(): Promise<string[]> {
    const [metric] = await registry.getMetricsAsJSON();
    return metric!.values.flatMap(({ labels, value }) => Array<string>(value).fill(String(labels.outcome)));
  }
  /** Asks as often as there are answers in the script, and collects the events; the models are asked when they have to be. */
  async function ask(
    answers: CachedAnswers,
    models: FakeModelClient,
    use: Partial<AnswerCacheUse> = {},
    request: Partial<ModelRequest> = {},
  ): Promise<ModelCallEvent[]> {
    const events: ModelCallEvent[] = [];
    const stream = answers.stream(
      models,
      { ...USE, ...use },
      { ...REQUEST, ...request },
      new AbortController().signal,
    );
    for await (const event of stream) events.push(event);
    return events;
  }

  it('gives an answer again as it was streamed, for nothing', async () => {
    const [answers, models] = [answersOver(new MemoryAnswerCache()), new FakeModelClient([STORY])];
    expect(await ask(answers, models)).toEqual([{ type: 'model', model: A_MODEL }, ...STORY.events]);
    expect(await ask(answers, models)).toEqual([
      { type: 'model', model: A_MODEL, isCached: true },
      { type: 'start' },
      { type: 'text-delta', delta: 'Be' },
      { type: 'text-delta', delta: 'cause.' },
      {
        type: 'finish',
        finishReason: 'stop',
        usage: { inputTokens: { total: 0 }, outputTokens: { total: 0 }, source: 'measured' },
      },
    ]);
    expect(models.requests).toHaveLength(1);
    expect(await outcomes()).toEqual(['miss', 'stored', 'hit']);
  });

  it('stops in the middle of it when it is told to', async () => {
    const [answers, models] = [answersOver(new MemoryAnswerCache()), new FakeModelClient([STORY])];
    await ask(answers, models);
    const controller = new AbortController();
    const stream = answers.stream(models, USE, REQUEST, controller.signal);
    for (let count = 0; count < 3; count += 1) await stream.next();
    controller.abort(new Error('enough'));
    await expect(stream.next()).rejects.toThrow('enough');
  });

  it.each<[string, ScriptedCall]>([
    ['with a tool call', calls(['echo', {}])],
    ['that was cut at its length', { events: [{ type: 'text-delta', delta: 'a' }, finish('length')] }],
    ['that was withheld', { events: [{ type: 'text-delta', delta: 'a' }, finish('content_filter')] }],
    ['without text', { events: [{ type: 'start' }, { type: 'text-delta', delta: '' }, finish('stop')] }],
    [
      'of a fallback',
      { events: [{ type: 'model', model: { ...A_MODEL, id: 'other' } }, ...says('a').events] },
    ],
    ['that is very long', says('ü'.repeat(140_000))],
    [
      'in very many pieces',
      {
        events: [
          ...Array.from({ length: 60_000 }, () => ({ type: 'text-delta', delta: 'a' }) as const),
          finish('stop'),
        ],
      },
    ],
    ['without an end', { events: [{ type: 'text-delta', delta: 'a' }] }],
  ])('does not keep an answer %s', async (_, call) => {
    const [answers, models] = [answersOver(new MemoryAnswerCache()), new FakeModelClient([call, call])];
    await ask(answers, models);
    await ask(answers, models);
    expect(models.requests).toHaveLength(2);
    expect(await outcomes()).toEqual(['miss', 'miss', 'skipped', 'skipped']);
  });

  it('does not keep an answer that broke off', async () => {
    const broken = { events: says('a').events.slice(0, 2), error: new Error('reset') };
    const [answers, models] = [
      answersOver(new MemoryAnswerCache()),
      new FakeModelClient([broken, says('b')]),
    ];
    await expect(ask(answers, models)).rejects.toThrow('reset');
    expect(await ask(answers, models)).toContainEqual({ type: 'text-delta', delta: 'b' });
  });

  it('neither looks nor keeps where the application supplied data', async () => {
    const models = new FakeModelClient([says('a'), says('b'), says('c')]);
    const answers = answersOver(new MemoryAnswerCache());
    await ask(answers, models);
    await ask(answers, models, { isPersonal: true });
    await ask(answers, models, { isPersonal: true });
    expect(models.requests).toHaveLength(3);
    expect(await outcomes()).toEqual(['miss', 'stored', 'skipped', 'skipped']);
  });

  it('gives an answer to other users when the agent shares them, and only then', async () => {
    const models = new FakeModelClient([says('a'), says('b'), says('c')]);
    const answers = answersOver(new MemoryAnswerCache());
    await ask(answers, models);
    await ask(answers, models, { userId: 'bob' });
    await ask(answers, models, { isShared: true });
    const shared = await ask(answers, models, { isShared: true, userId: 'bob' });
    expect(shared).toContainEqual({ type: 'text-delta', delta: 'c' });
    expect(models.requests).toHaveLength(3);
  });

  it('forgets a user who erases a conversation', async () => {
    const models = new FakeModelClient([says('a'), says('b')]);
    const answers = answersOver(new MemoryAnswerCache());
    await ask(answers, models);
    clear('a-conversation', 'ada');
    await ask(answers, models);
    expect(models.requests).toHaveLength(2);
  });

  it('goes on without a cache that fails, at whichever step', async () => {
    const log = new KeptLog();
    const away = (): Promise<never> => Promise.reject(new Error('away'));
    const deaf = { find: away, keep: away, forgetUser: away };
    const models = new FakeModelClient([says('a'), says('b')]);
    const without = answersOver(deaf, log);
    expect(await ask(without, models)).toContainEqual({ type: 'text-delta', delta: 'a' });
    await without.forgetUser('ada');
    expect(log.events()).toEqual(['agent.answer_cache.failed', 'agent.answer_cache.not_forgotten']);
    expect(await outcomes()).toEqual(['error']);
    const memory = new MemoryAnswerCache();
    const half = answersOver({ find: (place) => memory.find(place), keep: away, forgetUser: away });
    expect(await ask(half, models)).toContainEqual({ type: 'text-delta', delta: 'b' });
    expect(await outcomes()).toEqual(['miss', 'error']);
  });

  it('does not wait for a cache that is silent', async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    const answers = answersOver({ find: never, keep: never, forgetUser: never });
    expect(await ask(answers, new FakeModelClient([says('a')]))).toContainEqual({
      type: 'text-delta',
      delta: 'a',
    });
    expect(await outcomes()).toEqual(['error']);
  });
});

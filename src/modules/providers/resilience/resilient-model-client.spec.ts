import { getEventListeners } from 'node:events';
import { ClientUnderTest, type ObservedCall } from '../../../../test/support/providers/client-under-test.js';
import { ManualTime } from '../../../../test/support/providers/manual-time.js';
import {
  answers,
  failsWith,
  type Play,
  PlayingProvider,
} from '../../../../test/support/providers/playing-provider.js';
import { AppError } from '../../../shared/errors/app-error.js';
import type { ModelRequest } from '../llm-provider.js';
import { ProviderError } from '../provider-error.js';
import { ResilientModelClient } from './resilient-model-client.js';

const PRICE = { input: 1, output: 2 };
const ENVIRONMENT = {
  AI_PROVIDER: 'openai-compatible',
  AI_BASE_URL: 'http://127.0.0.1:9/v1',
  AI_MODEL: 'main',
  AI_MODELS: JSON.stringify([
    { id: 'main', price: PRICE },
    { id: 'spare', price: PRICE, max_output_tokens: 50 },
    { id: 'toolless', price: PRICE, tools: false },
    { id: 'blind', price: PRICE, images: false },
    { id: 'unpriced' },
  ]),
  AI_FIRST_TOKEN_TIMEOUT_MS: '10000',
  AI_STALL_TIMEOUT_MS: '5000',
  AI_REQUEST_TIMEOUT_MS: '60000',
  AI_BREAKER_OPEN_MS: '30000',
  AI_ALLOW_UNPRICED_MODELS: 'false',
};
const WITH_SPARE = { ...ENVIRONMENT, AI_FALLBACK_MODELS: 'spare' };
const A_TOOL = { name: 'calculator', description: 'Calculates.', inputSchema: { type: 'object' } };

describe(ResilientModelClient.name, () => {
  let time: ManualTime;
  let provider: PlayingProvider;
  let subject: ClientUnderTest;

  function setUp(
    play: (request: ModelRequest, call: number) => Play,
    environment: Record<string, string> = ENVIRONMENT,
  ): void {
    time = new ManualTime();
    provider = new PlayingProvider(play);
    subject = new ClientUnderTest({ environment, providers: [provider], time });
  }

  /** The main model plays this, every other one answers. */
  function mainPlays(...plays: Play[]): (request: ModelRequest, call: number) => Play {
    return (request, call) =>
      request.model.id === 'main' ? plays[Math.min(call, plays.length) - 1]! : answers('from the spare');
  }

  async function finished(call: ObservedCall, withinMs = 120_000): Promise<ObservedCall> {
    await time.advance(withinMs);
    return call.over;
  }

  it('names the model, hands on every event, and leaves no timer behind', async () => {
    setUp(() => answers('Hi'));
    const call = await finished(subject.call());

    expect(call.events.map((event) => event.type)).toEqual(['model', 'start', 'text-delta', 'finish']);
    expect(call.error).toBeUndefined();
    expect(subject.metrics).toEqual(['requested main ok']);
    expect(time.pending).toBe(0);
  });

  describe('retries', () => {
    it('tries three times in all, then falls back', async () => {
      setUp(mainPlays([failsWith('overloaded', { status: 529 })]), WITH_SPARE);
      const call = await finished(subject.call());

      expect(call.text).toBe('from the spare');
      expect(call.models).toEqual(['main', 'spare']);
      expect(provider.requests.map((request) => request.model.id)).toEqual(['main', 'main', 'main', 'spare']);
      expect(subject.metrics).toEqual([
        'requested main overloaded',
        'retried 529',
        'requested main overloaded',
        'retried 529',
        'requested main overloaded',
        'fell back to spare',
        'requested spare ok',
      ]);
      expect(subject.logged('provider.fallback')).toHaveLength(1);
    });

    it('waits with full jitter before each retry', async () => {
      setUp(mainPlays([failsWith('server-error', { status: 500 })]));
      const call = subject.call();
      await time.advance(124);
      expect(provider.requests).toHaveLength(1);
      await time.advance(1);
      expect(provider.requests).toHaveLength(2);
      await time.advance(249);
      expect(provider.requests).toHaveLength(2);
      await time.advance(1);
      expect(provider.requests).toHaveLength(3);

      expect((await call.over).error).toMatchObject({ reason: 'server-error', status: 500 });
    });

    it('does not try again before Retry-After, and soon after it', async () => {
      setUp(mainPlays([failsWith('rate-limited', { status: 429, retryAfterMs: 7_000 })], answers('Hi')));
      const call = subject.call();
      await time.advance(6_999);
      expect(provider.requests).toHaveLength(1);
      await time.advance(251);

      expect((await call.over).text).toBe('Hi');
      expect(subject.metrics).toContain('retried 429');
    });

    it('falls back at once when Retry-After lies beyond the deadline', async () => {
      setUp(mainPlays([failsWith('rate-limited', { status: 429, retryAfterMs: 90_000 })]), WITH_SPARE);
      const call = await finished(subject.call(), 0);

      expect(call.text).toBe('from the spare');
      expect(provider.requests).toHaveLength(2);
    });

    it('gives the wait to the caller when there is no fallback', async () => {
      setUp(mainPlays([failsWith('rate-limited', { status: 429, retryAfterMs: 90_000 })]));
      const call = await finished(subject.call(), 0);

      expect(call.error).toMatchObject({ reason: 'rate-limited', retryAfterMs: 90_000 });
      expect(provider.requests).toHaveLength(1);
    });

    it('retries when the vendor broke off after accepting the call, for nothing was said yet', async () => {
      setUp(mainPlays([{ type: 'start' }, failsWith('connection')], answers('Hi')));

      expect((await finished(subject.call())).text).toBe('Hi');
      expect(subject.metrics).toContain('retried connection');
    });

    it.each(['text-delta', 'reasoning-delta', 'tool-call'] as const)(
      'repeats nothing once a %s was streamed',
      async (type) => {
        const part =
          type === 'tool-call'
            ? ({ type, call: { toolCallId: '1', toolName: 'x', input: {} } } as const)
            : ({ type, delta: 'Hel' } as const);
        setUp(mainPlays([part, failsWith('connection')]), WITH_SPARE);
        const call = await finished(subject.call());

        expect(call.error).toMatchObject({ reason: 'connection' });
        expect(provider.requests).toHaveLength(1);
      },
    );

    it('neither retries nor falls back when the request itself is refused', async () => {
      setUp(mainPlays([failsWith('invalid-request', { status: 400 })]), WITH_SPARE);
      const call = await finished(subject.call());

      expect(call.error).toMatchObject({ reason: 'invalid-request' });
      expect(provider.requests).toHaveLength(1);
    });

    it.each(['authentication', 'not-found', 'bad-response'] as const)(
      'does not retry after %s, but asks the fallback',
      async (reason) => {
        setUp(mainPlays([failsWith(reason)]), WITH_SPARE);

        expect((await finished(subject.call())).text).toBe('from the spare');
        expect(provider.requests).toHaveLength(2);
      },
    );

    it('raises an alarm when our key is refused', async () => {
      setUp(mainPlays([failsWith('authentication', { status: 401 })]));
      const call = await finished(subject.call());

      expect(call.error).toMatchObject({ reason: 'authentication' });
      expect(subject.metrics).toContain('auth failed openai-compatible');
      expect(subject.logged('provider.auth.failed')).toHaveLength(1);
    });

    it('lets a bug through as it is', async () => {
      const bug = new TypeError('x is not a function');
      setUp(mainPlays([bug]), WITH_SPARE);

      expect((await finished(subject.call())).error).toBe(bug);
      expect(provider.requests).toHaveLength(1);
    });

    it('stops retrying when the budget is used up', async () => {
      setUp(mainPlays([failsWith('rate-limited', { status: 429, retryAfterMs: 0 })]));
      for (let count = 0; count < 20; count++) {
        const call = subject.call();
        await time.advance(300);
        await call.over;
      }

      // Ten retries in reserve, two earned by twenty requests, one by six seconds.
      expect(provider.requests.length - 20).toBe(13);
    });
  });

  describe('deadlines', () => {
    it('gives up on a try that says nothing and tries again', async () => {
      setUp(mainPlays([{ type: 'start' }, 'hang'], answers('Hi')));
      const call = subject.call();
      await time.advance(9_999);
      expect(provider.closed).toBe(0);
      await time.advance(1);
      expect(provider.closed).toBe(1);

      expect((await finished(call)).text).toBe('Hi');
      expect(subject.metrics).toContain('retried timeout');
    });

    it('ends a stream that stalls; bytes count as life', async () => {
      setUp(mainPlays([{ type: 'text-delta', delta: 'Hel' }, 'hang']), WITH_SPARE);
      const call = subject.call();
      await time.advance(4_000);
      provider.sendBytes();
      await time.advance(4_999);
      expect(provider.closed).toBe(0);
      await time.advance(1);

      expect((await call.over).error).toMatchObject({ reason: 'timeout' });
      expect(provider.closed).toBe(1);
      expect(time.pending).toBe(0);
    });

    it('does not blame the vendor for a reader that takes its time', async () => {
      setUp(() => answers('Hi'));
      const stream = subject.client.stream(subject.request(), new AbortController().signal);
      const types: string[] = [];
      for await (const event of stream) {
        types.push(event.type);
        await time.advance(8_000);
      }

      expect(types.at(-1)).toBe('finish');
    });

    it('takes the longest silence from the model where it has its own', async () => {
      const models = [{ id: 'main', price: PRICE, stall_timeout_ms: 20_000 }];
      setUp(mainPlays([{ type: 'text-delta', delta: 'Hel' }, 'hang']), {
        ...ENVIRONMENT,
        AI_MODELS: JSON.stringify(models),
      });
      const call = subject.call();
      await time.advance(19_999);
      expect(provider.closed).toBe(0);
      await time.advance(1);

      expect((await call.over).error).toMatchObject({ reason: 'timeout' });
    });

    it('ends a stream that trickles for ever at the total deadline', async () => {
      setUp(mainPlays([{ type: 'text-delta', delta: 'Hel' }, 'hang']));
      const call = subject.call();
      for (let second = 0; second < 59; second++) {
        await time.advance(1_000);
        provider.sendBytes();
      }
      expect(provider.closed).toBe(0);
      await time.advance(1_000);

      expect((await call.over).error).toMatchObject({ reason: 'timeout' });
    });

    it('holds the total deadline over all tries and fallbacks', async () => {
      setUp(() => ['hang'], { ...WITH_SPARE, AI_REQUEST_TIMEOUT_MS: '25000' });
      const call = subject.call();
      await time.advance(25_000);

      expect((await call.over).error).toMatchObject({ reason: 'timeout' });
      expect(provider.requests).toHaveLength(3);
      expect(provider.closed).toBe(3);
      expect(time.pending).toBe(0);
    });
  });

  describe('aborting', () => {
    const reason = new Error('the caller left');

    it.each<[string, Play]>([
      ['before the first part', ['hang']],
      ['within the stream', [{ type: 'text-delta', delta: 'Hel' }, 'hang']],
    ])('closes the call at once and throws the reason: %s', async (_, play) => {
      setUp(() => play, WITH_SPARE);
      const controller = new AbortController();
      const call = subject.call({}, controller.signal);
      await time.advance(10);
      controller.abort(reason);

      expect((await call.over).error).toBe(reason);
      expect(provider.closed).toBe(1);
      expect(subject.metrics).toEqual(['requested main aborted']);
      expect(time.pending).toBe(0);
    });

    it('ends the wait before a retry', async () => {
      setUp(mainPlays([failsWith('rate-limited', { retryAfterMs: 7_000 })]), WITH_SPARE);
      const controller = new AbortController();
      const call = subject.call({}, controller.signal);
      await time.advance(10);
      controller.abort(reason);

      expect((await call.over).error).toBe(reason);
      expect(provider.requests).toHaveLength(1);
      expect(time.pending).toBe(0);
    });

    it('sends nothing for a caller that has left already', async () => {
      setUp(() => answers('Hi'));

      expect((await subject.call({}, AbortSignal.abort(reason)).over).error).toBe(reason);
      expect(provider.requests).toHaveLength(0);
    });

    it('leaves no listener on the signal, which may live for a whole run of calls', async () => {
      setUp(mainPlays([failsWith('server-error', { status: 500 })], answers('Hi')));
      const { signal } = new AbortController();
      for (let count = 0; count < 3; count++) await finished(subject.call({}, signal));

      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    });

    it('closes the call when the reader just stops reading', async () => {
      setUp(() => [{ type: 'text-delta', delta: 'Hel' }, 'hang']);
      const stream = subject.client.stream(subject.request(), new AbortController().signal);
      for await (const event of stream) if (event.type === 'text-delta') break;

      expect(provider.closed).toBe(1);
      expect(provider.lastSignal?.aborted).toBe(true);
      expect(time.pending).toBe(0);
    });
  });

  describe('the breaker', () => {
    it('keeps fifty clients from storming a vendor that is down', async () => {
      setUp(mainPlays([failsWith('server-error', { status: 500 })]));
      const calls = Array.from({ length: 50 }, () => subject.call());
      await time.advance(60_000);
      const errors = await Promise.all(calls.map(async (call) => (await call.over).error));

      expect(errors.every((error) => error instanceof ProviderError)).toBe(true);
      expect(provider.requests.length).toBeLessThanOrEqual(60);
      expect(subject.logged('provider.breaker.opened')).toHaveLength(1);
    });

    it('ends the waits of others when it opens, and its own call at once', async () => {
      setUp((_, call) => [
        call === 1
          ? failsWith('rate-limited', { retryAfterMs: 40_000 })
          : failsWith('server-error', { status: 500 }),
      ]);
      const waiting = subject.call();
      await time.advance(0);
      const others = Array.from({ length: 5 }, () => subject.call());
      await time.advance(0);
      const [end, last] = await Promise.all([waiting.over, others.at(-1)!.over]);

      expect(end.error).toMatchObject({ reason: 'overloaded', retryAfterMs: 30_000 });
      expect(last.error).toMatchObject({ reason: 'server-error' });
      expect(provider.requests).toHaveLength(6);
      expect(subject.metrics.filter((entry) => entry.startsWith('retried'))).toEqual([]);
      expect(time.pending).toBe(0);
    });

    async function openBreaker(): Promise<void> {
      for (let count = 0; count < 3; count++) {
        const call = subject.call();
        await time.advance(1_000);
        await call.over;
      }
      expect(subject.metrics).toContain('breaker main open');
    }

    it('sends nothing while open, and says when to come back', async () => {
      setUp(mainPlays([failsWith('server-error', { status: 500 })]));
      await openBreaker();
      const before = provider.requests.length;
      const call = await subject.call().over;

      expect(provider.requests).toHaveLength(before);
      expect(call.error).toMatchObject({ reason: 'overloaded' });
      const { retryAfterMs } = call.error as ProviderError;
      expect(retryAfterMs).toBeGreaterThan(25_000);
      expect(retryAfterMs).toBeLessThanOrEqual(30_000);
    });

    it('asks the fallback while open', async () => {
      setUp(mainPlays([failsWith('server-error', { status: 500 })]), WITH_SPARE);
      await openBreaker();
      const before = provider.requests.length;
      const call = await subject.call().over;

      expect(call.text).toBe('from the spare');
      expect(provider.requests).toHaveLength(before + 1);
    });

    it('lets one probe through when the time is up, refuses others meanwhile, and recovers with it', async () => {
      let isDown = true;
      setUp(() => (isDown ? [failsWith('server-error', { status: 500 })] : [{ type: 'start' }, 'hang']));
      await openBreaker();
      isDown = false;
      await time.advance(30_000);
      const before = provider.requests.length;
      const controller = new AbortController();
      const probe = subject.call({}, controller.signal);
      await time.advance(10);
      const refused = await subject.call().over;
      expect(provider.requests).toHaveLength(before + 1);
      expect(refused.error).toMatchObject({ reason: 'overloaded' });

      controller.abort(new Error('the prober left'));
      await probe.over;
      const next = subject.call();
      await time.advance(10);
      expect(provider.requests).toHaveLength(before + 2);
      await time.advance(20_000);
      await next.over;
    });

    it('closes again after a probe that works', async () => {
      let isDown = true;
      setUp(() => (isDown ? [failsWith('server-error', { status: 500 })] : answers('Hi')));
      await openBreaker();
      isDown = false;
      await time.advance(30_000);

      expect((await subject.call().over).text).toBe('Hi');
      expect(subject.metrics).toContain('breaker main closed');
      expect((await subject.call().over).text).toBe('Hi');
    });

    it.each(['server-error', 'overloaded', 'connection', 'timeout'] as const)(
      'opens after five times %s',
      async (reason) => {
        setUp(mainPlays([failsWith(reason, { retryAfterMs: 90_000 })]));
        for (let count = 0; count < 20; count++) await subject.call().over;

        expect(provider.requests).toHaveLength(5);
      },
    );

    it('closes with the first part of the probe: others need not wait for its end', async () => {
      let isDown = true;
      setUp(() =>
        isDown
          ? [failsWith('server-error', { status: 500 })]
          : [{ type: 'text-delta', delta: 'Hel' }, 'hang'],
      );
      await openBreaker();
      isDown = false;
      await time.advance(30_000);
      const probe = subject.call();
      await time.advance(10);
      const other = subject.call();
      await time.advance(10);

      expect([probe.text, other.text]).toEqual(['Hel', 'Hel']);
      await time.advance(60_000);
      await Promise.all([probe.over, other.over]);
    });

    it('closes when the probe is refused: a vendor that refuses is there', async () => {
      let reason: 'server-error' | 'rate-limited' = 'server-error';
      setUp(() => [failsWith(reason, reason === 'rate-limited' ? { retryAfterMs: 90_000 } : {})]);
      await openBreaker();
      reason = 'rate-limited';
      await time.advance(30_000);
      await subject.call().over;

      expect(subject.metrics).toContain('breaker main closed');
    });

    it.each(['rate-limited', 'authentication', 'invalid-request'] as const)(
      'does not open for %s',
      async (reason) => {
        setUp(mainPlays([failsWith(reason, { retryAfterMs: 90_000 })]));
        for (let count = 0; count < 20; count++) await subject.call().over;

        expect(provider.requests).toHaveLength(20);
      },
    );
  });

  describe('fallbacks', () => {
    const image = { type: 'image', mediaType: 'image/png', base64: 'AAAA' } as const;

    it('skips models that cannot do what the request needs', async () => {
      setUp(mainPlays([failsWith('not-found')]), {
        ...ENVIRONMENT,
        AI_FALLBACK_MODELS: 'main,toolless,blind,unpriced,spare',
      });
      const call = subject.call({ tools: [A_TOOL], messages: [{ role: 'user', parts: [image] }] });

      expect((await finished(call)).models).toEqual(['main', 'spare']);
      expect(provider.requests[1]?.maxOutputTokens).toBe(50);
    });

    it('reports the failure that may pass when every model failed', async () => {
      setUp(
        ({ model }) => [
          failsWith(model.id === 'main' ? 'rate-limited' : 'authentication', { retryAfterMs: 90_000 }),
        ],
        WITH_SPARE,
      );

      expect((await finished(subject.call())).error).toMatchObject({ reason: 'rate-limited' });
    });
  });

  it('refuses a model without a price where that is not allowed', async () => {
    setUp(() => answers('Hi'));
    const { error } = await subject.call({ model: subject.model('unpriced') }).over;

    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({
      kind: 'invalid',
      code: 'validation_failed',
      errors: [{ pointer: '/model' }],
    });
    expect(provider.requests).toHaveLength(0);
  });

  it('calls a model without a price where that is allowed', async () => {
    setUp(() => answers('Hi'), { ...ENVIRONMENT, AI_ALLOW_UNPRICED_MODELS: 'true' });

    expect((await subject.call({ model: subject.model('unpriced') }).over).text).toBe('Hi');
  });

  it('counts tokens itself when asked, and never 0 for a text', () => {
    setUp(() => answers('Hi'));
    const bare = subject.client.estimateUsage(subject.request(), '');
    const full = subject.client.estimateUsage(subject.request({ system: 'Be brief.', tools: [A_TOOL] }), '.');

    expect(bare).toMatchObject({ outputTokens: { total: 0 }, source: 'estimated' });
    expect(bare.inputTokens.total).toBeGreaterThan(0);
    expect(full.inputTokens.total).toBeGreaterThan(bare.inputTokens.total + 10);
    expect(full.outputTokens.total).toBeGreaterThan(0);
  });
});

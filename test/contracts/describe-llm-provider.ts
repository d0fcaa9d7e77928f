import type { ReasoningPart } from '../../src/shared/llm/content-part.js';
import type { Message } from '../../src/shared/llm/message.js';
import type { ModelInfo } from '../../src/modules/providers/catalogue/model-info.js';
import type { LlmProvider, ModelEvent, ModelRequest } from '../../src/modules/providers/llm-provider.js';
import { ProviderError, type ProviderErrorReason } from '../../src/modules/providers/provider-error.js';
import { ModelServer } from '../support/model-server/model-server.js';
import type { ScriptedReply } from '../support/model-server/scripted-reply.js';

export interface ProviderContract {
  createProvider(): LlmProvider;
  /** A model of this provider that is served at `serverUrl`. */
  modelAt(serverUrl: string): ModelInfo;
  /** How a thought comes back: with the vendor's proof of origin, or as bare text that is not sent again. */
  readonly reasoning: 'signed' | 'plain';
  /** What the vendor says for an ordinary end. */
  readonly rawStop: string;
  /** A finish reason that we do not know; `undefined` where the wire cannot carry one. */
  readonly unknownFinish: string | undefined;
  readonly reportsCacheWrites: boolean;
  /** Events of the wire that come before the first delta of a plain text answer. */
  readonly eventsBeforeText: number;
}

const TEXT = 'Grüße aus Zürich 🚲 — 自転車で行きましょう.\n"quoted" \\ data: [DONE]\u2028end';
const BOUND_MS = 2_000;

const HELLO: readonly Message[] = [{ role: 'user', parts: [{ type: 'text', text: 'Hello' }] }];

/** What every provider must do with its vendor's wire. Called by each adapter's spec. */
export function describeLlmProvider(name: string, contract: ProviderContract): void {
  describe(`${name} as an LlmProvider`, () => {
    let server: ModelServer;
    let provider: LlmProvider;
    let rejections: unknown[];
    const collectRejection = (reason: unknown): void => void rejections.push(reason);

    beforeAll(async () => {
      server = await ModelServer.start();
    });
    afterAll(async () => {
      await server.stop();
    });
    beforeEach(() => {
      server.reset();
      provider = contract.createProvider();
      rejections = [];
      process.on('unhandledRejection', collectRejection);
    });
    afterEach(() => {
      process.off('unhandledRejection', collectRejection);
      expect(rejections).toEqual([]);
    });

    const requestOf = (overrides: Partial<ModelRequest> = {}): ModelRequest => ({
      model: contract.modelAt(server.url),
      messages: HELLO,
      tools: [],
      maxOutputTokens: 256,
      ...overrides,
    });

    const run = async (
      reply: ScriptedReply,
      overrides: Partial<ModelRequest> = {},
    ): Promise<ModelEvent[]> => {
      server.enqueue(reply);
      return collect(provider.stream(requestOf(overrides), { signal: neverAborted() }));
    };

    const runToError = async (
      reply: ScriptedReply,
    ): Promise<{ events: ModelEvent[]; error: ProviderError }> => {
      server.enqueue(reply);
      const events: ModelEvent[] = [];
      try {
        for await (const event of provider.stream(requestOf(), { signal: neverAborted() }))
          events.push(event);
      } catch (error) {
        if (error instanceof ProviderError) return { events, error };
        throw error;
      }
      throw new Error(`The stream ended well: ${JSON.stringify(events)}`);
    };

    describe('text', () => {
      it.each([
        ['in one piece', {}],
        ['character by character', { chunkSize: 1 }],
        ['with characters split between packets', { chunkSize: 3, splitBytes: 1 }],
        ['in packets of 7 bytes', { chunkSize: 5, splitBytes: 7 }],
        ['with CR LF', { chunkSize: 4, crlf: true, splitBytes: 2 }],
        ['with comments and pings', { chunkSize: 4, comments: true, pings: true }],
        ['without spaces after the colons', { chunkSize: 4, tightData: true }],
      ] satisfies [string, ScriptedReply][])('arrives unchanged %s', async (_how, framing) => {
        const events = await run({ text: TEXT, ...framing });

        expect(textOfEvents(events)).toBe(TEXT);
        expect(events[0]?.type).toBe('start');
        expect(events.at(-1)).toMatchObject({
          type: 'finish',
          finishReason: 'stop',
          rawFinishReason: contract.rawStop,
        });
        expect(events.filter((event) => event.type === 'start' || event.type === 'finish')).toHaveLength(2);
      });

      it('streams: the first delta is there before the answer is complete', async () => {
        server.enqueue({
          text: 'abcdef',
          chunkSize: 1,
          fault: { stallAfterEvents: contract.eventsBeforeText + 2 },
        });
        const abort = new AbortController();
        const deltas: string[] = [];
        const reading = (async () => {
          for await (const event of provider.stream(requestOf(), { signal: abort.signal })) {
            if (event.type === 'text-delta') deltas.push(event.delta);
            if (deltas.length === 2) abort.abort(new Error('seen enough'));
          }
        })();

        await expect(within(reading)).rejects.toThrow('seen enough');
        expect(deltas).toEqual(['a', 'b']);
      });

      it('reports activity for every chunk of bytes, pings included', async () => {
        let activity = 0;
        server.enqueue({ text: 'abc', chunkSize: 1, pings: true });
        await collect(provider.stream(requestOf(), { signal: neverAborted(), onActivity: () => activity++ }));

        expect(activity).toBeGreaterThan(1);
      });
    });

    describe('tool calls', () => {
      const calls = [
        { id: 'call-a', name: 'calculate', arguments: { expression: '1+1', deep: { list: [1, null, 'ü'] } } },
        { id: 'call-b', name: 'get_time', arguments: {} },
        { id: 'call-c', name: 'calculate', arguments: { expression: '2*3' } },
      ];

      it.each([[{ chunkSize: 2 }], [{ chunkSize: 3, splitBytes: 5 }], [{}]])(
        'come whole and in order (%j)',
        async (framing) => {
          const events = await run({ text: 'Let me see.', toolCalls: calls, ...framing });

          expect(events.filter((event) => event.type === 'tool-call')).toEqual(
            calls.map((call) => ({
              type: 'tool-call',
              call: { toolCallId: call.id, toolName: call.name, input: call.arguments },
            })),
          );
          expect(textOfEvents(events)).toBe('Let me see.');
          expect(events.at(-1)).toMatchObject({ type: 'finish', finishReason: 'tool_calls' });
        },
      );

      it('keep arguments that are no JSON as they came', async () => {
        const events = await run({
          toolCalls: [{ id: 'call-a', name: 'calculate', arguments: '{"expression": 1+' }],
          chunkSize: 3,
        });

        expect(events).toContainEqual({
          type: 'tool-call',
          call: {
            toolCallId: 'call-a',
            toolName: 'calculate',
            input: null,
            invalidInput: '{"expression": 1+',
          },
        });
      });

      it('read missing arguments as none', async () => {
        const events = await run({ toolCalls: [{ id: 'call-a', name: 'get_time', arguments: '' }] });

        expect(events).toContainEqual({
          type: 'tool-call',
          call: { toolCallId: 'call-a', toolName: 'get_time', input: {} },
        });
      });

      it('keep __proto__ as an ordinary key', async () => {
        const events = await run({
          toolCalls: [{ id: 'call-a', name: 'x', arguments: '{"__proto__":{"admin":true}}' }],
        });

        const [call] = events.flatMap((event) => (event.type === 'tool-call' ? [event.call] : []));
        expect(JSON.stringify(call?.input)).toBe('{"__proto__":{"admin":true}}');
        expect(({} as { admin?: boolean }).admin).toBeUndefined();
      });

      it('are not handed out when the stream breaks off before they are whole', async () => {
        const { events } = await runToError({
          toolCalls: [{ id: 'call-a', name: 'calculate', arguments: { expression: '1+1' } }],
          chunkSize: 4,
          fault: { endAfterEvents: contract.eventsBeforeText + 2 },
        });

        expect(events.filter((event) => event.type === 'tool-call')).toEqual([]);
      });
    });

    describe('reasoning', () => {
      const reply: ScriptedReply = { reasoning: 'First this, then thät.', text: 'Done.', chunkSize: 4 };

      it('streams as deltas and ends as one part, before the answer', async () => {
        const events = await run(reply);
        const deltas = events.flatMap((event) => (event.type === 'reasoning-delta' ? [event.delta] : []));
        const parts = events.flatMap((event) => (event.type === 'reasoning' ? [event.part] : []));

        expect(deltas.join('')).toBe(reply.reasoning);
        expect(parts).toHaveLength(1);
        expect(parts[0]).toMatchObject({ text: reply.reasoning, provider: provider.name });
        expect(textOfEvents(events)).toBe('Done.');
        expect(lastIndexOf(events, 'reasoning-delta')).toBeLessThan(
          events.findIndex((event) => event.type === 'reasoning'),
        );
        expect(events.findIndex((event) => event.type === 'reasoning')).toBeLessThan(
          firstIndexOf(events, 'text-delta'),
        );
      });

      it(`goes back ${contract.reasoning === 'signed' ? 'with its proof of origin' : 'to nobody'}`, async () => {
        const part = await reasoningOf(run(reply));
        const messages: Message[] = [
          ...HELLO,
          { role: 'assistant', parts: [part, { type: 'text', text: 'Done.' }] },
          { role: 'user', parts: [{ type: 'text', text: 'More' }] },
        ];
        await run({ text: 'ok' }, { messages });

        const sent = JSON.stringify(server.lastRequest.body);
        expect(server.lastRequest.refusal).toBeUndefined();
        expect(part.signature !== undefined).toBe(contract.reasoning === 'signed');
        expect(sent.includes(part.signature ?? 'First this')).toBe(contract.reasoning === 'signed');
      });

      it('of another provider is never sent', async () => {
        const foreign: ReasoningPart = {
          type: 'reasoning',
          text: 'secret thought',
          provider: 'someone-else',
          signature: 'foreign-sig',
          id: 'r1',
        };
        const messages: Message[] = [
          ...HELLO,
          { role: 'assistant', parts: [foreign, { type: 'text', text: 'Done.' }] },
          { role: 'user', parts: [{ type: 'text', text: 'More' }] },
        ];
        await run({ text: 'ok' }, { messages });

        expect(JSON.stringify(server.lastRequest.body)).not.toMatch(/secret thought|foreign-sig/);
      });
    });

    describe('usage', () => {
      const finishOf = async (reply: ScriptedReply): Promise<Extract<ModelEvent, { type: 'finish' }>> => {
        const last = (await run(reply)).at(-1);
        if (last?.type !== 'finish') throw new Error('no finish');
        return last;
      };

      it('counts everything that was read, cache included', async () => {
        const { usage } = await finishOf({
          text: 'Hi',
          usage: { input: 1000, output: 50, cacheRead: 600, cacheWrite: 100, reasoning: 20 },
        });

        expect(usage).toMatchObject({
          inputTokens: {
            total: 1000,
            cacheRead: 600,
            ...(contract.reportsCacheWrites ? { cacheWrite: 100 } : {}),
          },
          outputTokens: { total: 50, reasoning: 20 },
          source: 'measured',
        });
      });

      it.each([
        ['missing', null],
        ['zero', { input: 0, output: 0 }],
      ])('is undefined when it is %s', async (_what, usage) => {
        const finish = await finishOf({ text: 'Hi', usage });

        expect(finish.usage).toBeUndefined();
      });
    });

    describe('finish reasons', () => {
      it.each([
        ['stop', 'stop'],
        ['length', 'length'],
        ['content_filter', 'content_filter'],
      ])('%s', async (finish, expected) => {
        const events = await run({ text: 'Hi', finish });

        expect(events.at(-1)).toMatchObject({ type: 'finish', finishReason: expected });
      });

      if (contract.unknownFinish !== undefined) {
        it('keeps a word that it does not know', async () => {
          const events = await run({ text: 'Hi', finish: contract.unknownFinish });

          expect(events.at(-1)).toMatchObject({
            type: 'finish',
            finishReason: 'other',
            rawFinishReason: contract.unknownFinish,
          });
        });
      }
    });

    describe('requests', () => {
      const tools = [
        {
          name: 'calculate',
          description: 'Calculates.',
          inputSchema: { type: 'object', properties: { expression: { type: 'string' } } },
        },
      ];
      const call = { toolName: 'calculate', isError: false, durationMs: 3 } as const;
      const afterTools: readonly Message[] = [
        { role: 'user', parts: [{ type: 'text', text: 'What is 1+1 and 2*3?' }] },
        {
          role: 'assistant',
          parts: [
            { type: 'text', text: '' },
            {
              type: 'tool-call',
              toolCallId: 'functions.calculate:0',
              toolName: 'calculate',
              input: { expression: '1+1' },
            },
            {
              type: 'tool-call',
              toolCallId: 'functions_calculate_0',
              toolName: 'no such tool!',
              input: null,
              invalidInput: '{"expr',
            },
            { type: 'tool-call', toolCallId: 'c', toolName: 'calculate', input: 'not an object' },
          ],
        },
        {
          role: 'tool',
          parts: [
            { type: 'tool-result', toolCallId: 'functions.calculate:0', ...call, result: 2 },
            {
              type: 'tool-result',
              toolCallId: 'functions_calculate_0',
              ...call,
              isError: true,
              result: { error: { code: 'unknown_tool', message: 'no' } },
            },
            { type: 'tool-result', toolCallId: 'c', ...call, result: 'text' },
          ],
        },
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'And?' },
            { type: 'text', text: '' },
          ],
        },
      ];

      it('are valid after tool results, wrong calls and foreign ids included', async () => {
        const events = await run({ text: 'Done' }, { messages: afterTools, tools, system: 'Be brief.' });

        expect(server.lastRequest.refusal).toBeUndefined();
        expect(textOfEvents(events)).toBe('Done');
        expect(JSON.stringify(server.lastRequest.body)).toContain('unknown_tool');
      });

      it('are valid when the history has tool calls and no tools are offered', async () => {
        await run({ text: 'Done' }, { messages: afterTools });

        expect(server.lastRequest.refusal).toBeUndefined();
      });

      it('leave out empty parts, and messages that have no others', async () => {
        const messages: Message[] = [
          ...HELLO,
          {
            role: 'assistant',
            parts: [
              { type: 'reasoning', text: 'only thoughts', provider: provider.name, signature: 's', id: 'r' },
            ],
          },
          {
            role: 'user',
            parts: [
              { type: 'text', text: '' },
              { type: 'text', text: 'Still there?' },
            ],
          },
        ];
        await run({ text: 'Yes' }, { messages });

        expect(server.lastRequest.refusal).toBeUndefined();
      });

      it('carry images, inline and by address', async () => {
        const messages: Message[] = [
          {
            role: 'user',
            parts: [
              { type: 'text', text: 'What is this?' },
              { type: 'image', mediaType: 'image/png', base64: 'aGVsbG8=' },
              { type: 'image', mediaType: 'image/jpeg', url: 'https://example.org/cat.jpg' },
            ],
          },
        ];
        await run({ text: 'A cat' }, { messages });

        const sent = JSON.stringify(server.lastRequest.body);
        expect(server.lastRequest.refusal).toBeUndefined();
        expect(sent).toContain('aGVsbG8=');
        expect(sent).toContain('https://example.org/cat.jpg');
      });

      it('carry the temperature only to models that take one', async () => {
        const model = contract.modelAt(server.url);
        const refusing = { ...model, capabilities: { ...model.capabilities, temperature: false } };
        const taking = { ...model, capabilities: { ...model.capabilities, temperature: true } };
        await run({ text: 'a' }, { temperature: 0.5, model: taking });
        await run({ text: 'b' }, { temperature: 0.5, model: refusing });

        expect(server.requests[0]?.body.temperature).toBe(0.5);
        expect(server.requests[1]?.body).not.toHaveProperty('temperature');
      });

      it('go out once each over one connection that is kept', async () => {
        const before = server.connections;
        for (let count = 0; count < 3; count++) {
          await run({ text: `answer ${count}`, lateEndMs: 5 });
          await expect(within(server.requests[count]!.closed)).resolves.toEqual({ byClient: false });
        }

        expect(server.requests).toHaveLength(3);
        expect(server.connections - before).toBeLessThanOrEqual(1);
      });
    });

    describe('failures', () => {
      const statuses: [number, ProviderErrorReason][] = [
        [400, 'invalid-request'],
        [401, 'authentication'],
        [403, 'authentication'],
        [404, 'not-found'],
        [413, 'invalid-request'],
        [422, 'invalid-request'],
        [429, 'rate-limited'],
        [500, 'server-error'],
        [502, 'server-error'],
        [503, 'overloaded'],
        [529, 'overloaded'],
      ];
      it.each(statuses)(
        'HTTP %i is %s, after one try and without the vendor’s words',
        async (status, reason) => {
          const { events, error } = await runToError({ fault: { status } });

          expect(events).toEqual([]);
          expect(error).toMatchObject({
            provider: provider.name,
            reason,
            status,
            vendorRequestId: 'req_scripted',
          });
          expect(`${error.message} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(
            'never to be shown',
          );
          expect(server.requests).toHaveLength(1);
        },
      );

      it.each([
        [{ 'retry-after': '7' }, 7000],
        [{ 'retry-after-ms': '1500', 'retry-after': '9' }, 1500],
        [{ 'retry-after': 'Tue, 24 Nov 2026 10:00:07 GMT', date: 'Tue, 24 Nov 2026 10:00:00 GMT' }, 7000],
        [{ 'retry-after': 'soon' }, undefined],
      ])('reads when to come back from %j', async (headers, expected) => {
        const { error } = await runToError({ fault: { status: 429, headers } });

        expect(error.retryAfterMs).toBe(expected);
      });

      it('an HTML page with status 502 is a server error', async () => {
        const { error } = await runToError({
          fault: { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad Gateway</h1>' },
        });

        expect(error.reason).toBe('server-error');
      });

      it('a page instead of a stream is a bad response', async () => {
        const { error } = await runToError({
          fault: { rawSse: '<html>Sign in</html>', contentType: 'text/html' },
        });

        expect(error.reason).toBe('bad-response');
      });

      it('does not follow a redirect', async () => {
        const other = await ModelServer.start();
        try {
          const location = `${other.url}/v1/messages`;
          const { error } = await runToError({ fault: { status: 307, headers: { location } } });

          expect(error.reason).toBe('bad-response');
          expect(other.requests).toHaveLength(0);
        } finally {
          await other.stop();
        }
      });

      it('a reset before the headers is a connection error, without another try', async () => {
        const { error } = await runToError({ fault: { resetBeforeHeaders: true } });

        expect(error.reason).toBe('connection');
        expect(server.requests).toHaveLength(1);
      });

      it.each([['resetAfterEvents'], ['endAfterEvents']] as const)(
        'delivers what came before %s, then fails',
        async (fault) => {
          const { events, error } = await runToError({
            text: 'abcdefghij',
            chunkSize: 1,
            fault: { [fault]: contract.eventsBeforeText + 4 } as ScriptedReply['fault'],
          });

          expect(textOfEvents(events)).toBe('abcd');
          expect(error.reason).toBe('connection');
          expect(server.requests).toHaveLength(1);
        },
      );

      it('never ends well when the bytes stop anywhere before the finish reason', async () => {
        const reply: ScriptedReply = { text: 'Hello, wörld', chunkSize: 5, finish: null };
        for (let bytes = 0; bytes < 900; bytes += 37) {
          const { error } = await runToError({ ...reply, fault: { endAfterBytes: bytes } });

          expect(error.reason).toBe('connection');
        }
      });

      it.each([
        ['broken JSON', 'data: {"id": \n\n'],
        ['no JSON', 'data: hello\n\n'],
        ['no object', 'data: 7\n\n'],
      ])('%s in the stream is a bad response', async (_what, rawSse) => {
        const { error } = await runToError({ fault: { rawSse } });

        expect(error.reason).toBe('bad-response');
      });

      it('an event of 2 MB is one bad response, and its socket is closed', async () => {
        const { error } = await runToError({
          fault: { rawSse: `data: ${JSON.stringify({ id: 'x'.repeat(2 * 1024 * 1024) })}\n\n` },
        });

        expect(error.reason).toBe('bad-response');
        await within(server.lastRequest.closed);
      });

      it('an empty answer is broken off', async () => {
        const { error } = await runToError({ fault: { rawSse: ': nothing\n\n' } });

        expect(error.reason).toBe('connection');
      });

      it('nobody listening is a connection error', async () => {
        const gone = await ModelServer.start();
        const model = contract.modelAt(gone.url);
        await gone.stop();
        const failing = collect(provider.stream(requestOf({ model }), { signal: neverAborted() }));

        await expect(within(failing)).rejects.toMatchObject({ reason: 'connection' });
      });
    });

    describe('abort', () => {
      const reason = new Error('the caller has left');

      it('throws the reason at once when it is too late already', async () => {
        const failing = collect(provider.stream(requestOf(), { signal: AbortSignal.abort(reason) }));

        await expect(within(failing)).rejects.toBe(reason);
        expect(server.requests).toHaveLength(0);
      });

      it.each([
        ['before the headers', { fault: { neverHeaders: true } }],
        [
          'in the middle of the stream',
          { text: 'abcdef', chunkSize: 1, fault: { stallAfterEvents: contract.eventsBeforeText + 3 } },
        ],
        [
          'while only pings come',
          {
            text: 'abc',
            chunkSize: 1,
            fault: { pingForeverAfterEvents: contract.eventsBeforeText + 1, pingEveryMs: 5 },
          },
        ],
      ] satisfies [string, ScriptedReply][])(
        'closes the socket %s and throws the reason',
        async (_when, reply) => {
          server.enqueue(reply);
          const abort = new AbortController();
          let hasText = false;
          const reading = (async () => {
            for await (const event of provider.stream(requestOf(), { signal: abort.signal })) {
              if (event.type !== 'text-delta') continue;
              hasText = true;
              // Later than this turn, so that the stream waits for bytes again.
              setImmediate(() => abort.abort(reason));
            }
          })();
          reading.catch(() => undefined);
          const request = await server.received(1);
          if (!('text' in reply)) abort.abort(reason);

          await expect(within(reading)).rejects.toBe(reason);
          expect(hasText).toBe('text' in reply);
          await expect(within(request.closed)).resolves.toEqual({ byClient: true });
          expect(server.openRequests).toBe(0);
        },
      );

      it('closes the socket when the reader stops reading', async () => {
        server.enqueue({
          text: 'abcdef',
          chunkSize: 1,
          fault: { stallAfterEvents: contract.eventsBeforeText + 3 },
        });
        for await (const event of provider.stream(requestOf(), { signal: neverAborted() })) {
          if (event.type === 'text-delta') break;
        }

        await expect(within(server.lastRequest.closed)).resolves.toEqual({ byClient: true });
      });

      it('leaves no listener on the signal', async () => {
        const abort = new AbortController();
        const counts = countListeners(abort.signal);
        server.enqueue({ text: 'one' }, { text: 'two' }, { fault: { status: 500 } });
        await collect(provider.stream(requestOf(), { signal: abort.signal }));
        await collect(provider.stream(requestOf(), { signal: abort.signal }));
        await collect(provider.stream(requestOf(), { signal: abort.signal })).catch(() => undefined);

        expect(counts()).toBe(0);
      });
    });
  });
}

async function collect(stream: AsyncIterable<ModelEvent>): Promise<ModelEvent[]> {
  const events: ModelEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

function textOfEvents(events: readonly ModelEvent[]): string {
  return events.map((event) => (event.type === 'text-delta' ? event.delta : '')).join('');
}

function firstIndexOf(events: readonly ModelEvent[], type: ModelEvent['type']): number {
  return events.findIndex((event) => event.type === type);
}

function lastIndexOf(events: readonly ModelEvent[], type: ModelEvent['type']): number {
  return events.findLastIndex((event) => event.type === type);
}

async function reasoningOf(events: Promise<ModelEvent[]>): Promise<ReasoningPart> {
  for (const event of await events) if (event.type === 'reasoning') return event.part;
  throw new Error('no reasoning');
}

function neverAborted(): AbortSignal {
  return new AbortController().signal;
}

/** Fails instead of hanging. */
async function within<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Not settled within ${BOUND_MS} ms.`)), BOUND_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function countListeners(signal: AbortSignal): () => number {
  let count = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...input: Parameters<typeof add>): void => {
    count++;
    add(...input);
  };
  signal.removeEventListener = (...input: Parameters<typeof remove>): void => {
    count--;
    remove(...input);
  };
  return () => count;
}

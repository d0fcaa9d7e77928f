import type { JsonValue } from '../../../shared/llm/json.js';
import type { Message } from '../../../shared/llm/message.js';
import type { ModelInfo } from '../catalogue/model-info.js';
import type { ModelEvent, ModelRequest } from '../llm-provider.js';
import { systemTimers, type Timers } from '../resilience/timers.js';
import { ScriptedProvider } from './scripted.provider.js';

const MODEL: ModelInfo = {
  id: 'scripted',
  provider: 'scripted',
  vendorModel: 'scripted',
  connection: {},
  capabilities: { tools: true, images: false, reasoning: false, temperature: true, api: 'chat' },
};
const TOOLS = ['calculator', 'current_time'].map((name) => ({ name, description: name, inputSchema: {} }));

function user(text: string): Message {
  return { role: 'user', parts: [{ type: 'text', text }] };
}

function request(messages: readonly Message[], tools = TOOLS): ModelRequest {
  return { model: MODEL, messages, tools, maxOutputTokens: 100 };
}

async function collect(
  messages: readonly Message[],
  tools = TOOLS,
  timers: Timers = systemTimers,
): Promise<ModelEvent[]> {
  const provider = new ScriptedProvider({ delayMs: 0, timers });
  const events: ModelEvent[] = [];
  const signal = new AbortController().signal;
  for await (const event of provider.stream(request(messages, tools), { signal })) events.push(event);
  return events;
}

function textOf(events: readonly ModelEvent[]): string {
  return events.map((event) => (event.type === 'text-delta' ? event.delta : '')).join('');
}

function callsOf(events: readonly ModelEvent[]): (readonly [string, JsonValue])[] {
  return events.flatMap((event) =>
    event.type === 'tool-call' ? [[event.call.toolName, event.call.input] as const] : [],
  );
}

describe(ScriptedProvider.name, () => {
  it.each([
    ['What is 12.5% of 840?', '12.5 / 100 * 840'],
    ['17 * 23', '17 * 23'],
    ["what's (3+4)^2", '(3+4)^2'],
    ['sqrt(2) * 10', 'sqrt(2) * 10'],
    ['add 2 and 3', '2 + 3'],
    ['Please compute 1,000 × 3!', '1000 * 3'],
    ['the larger of max(1, 5) * 2', 'max(1, 5) * 2'],
    ['(what is 5 minus 2)', '5 - 2'],
    ['How much is 2 plus 2 times 3?', '2 + 2 * 3'],
    ['-4 + 10', '-4 + 10'],
    ['What is 7 % 4?', '7 % 4'],
    ['the square root of 81, please', 'sqrt(81)'],
    ['What is 6*7.', '6*7'],
    ['What is the sum of 2 and 3?', '2 + 3'],
    ['what is 7 mod 3', '7 % 3'],
    ['17-3', '17-3'],
    ['What is 9/4?', '9/4'],
  ])('asks the calculator for %p', async (text, expression) => {
    expect(callsOf(await collect([user(text)]))).toEqual([['calculator', { expression }]]);
  });

  it.each([
    ['what time is it in Tokyo?', 'Asia/Tokyo'],
    ['What is the time in New York right now?', 'America/New_York'],
    ["what's the time in Germany", 'Europe/Berlin'],
    ['What time is it in Europe/Paris?', 'Europe/Paris'],
    ['What is the current time in São Paulo', 'America/Sao_Paulo'],
    ['what time is it in Kathmandu, please?', 'Asia/Kathmandu'],
    ['What time is it?', 'UTC'],
    ['time in London', 'Europe/London'],
    ['Tell me the time in Paris', 'Europe/Paris'],
    ['Do you know what time it is in Buenos Aires', 'America/Buenos_Aires'],
  ])('asks the clock for %p', async (text, timezone) => {
    expect(callsOf(await collect([user(text)]))).toEqual([['current_time', { timezone }]]);
  });

  it('asks for both in parallel, with ids of their own, and says so in the finish reason', async () => {
    const events = await collect([user('What is 12.5% of 840, and what time is it in Tokyo?')]);

    expect(events.map((event) => event.type)).toEqual(['start', 'tool-call', 'tool-call', 'finish']);
    expect(callsOf(events)).toEqual([
      ['calculator', { expression: '12.5 / 100 * 840' }],
      ['current_time', { timezone: 'Asia/Tokyo' }],
    ]);
    const ids = events.flatMap((event) => (event.type === 'tool-call' ? [event.call.toolCallId] : []));
    expect(new Set(ids).size).toBe(2);
    expect(events.at(-1)).toMatchObject({ finishReason: 'tool_calls', usage: { source: 'measured' } });
  });

  it.each([
    'Released on 2024-01-31.',
    'I was born in 1984.',
    'Tell me a story',
    'Call 555 1234',
    'a well-known poem',
    'Is there support 24/7?',
    'My number is 555-1234',
    'Version 1.2.3-4 is out',
    'See https://example.com/1/2',
    'For the time being, tell me about dogs',
    'What is the time complexity of quicksort?',
    'What time does the train leave?',
  ])('sees nothing for its tools in %p, says what it is and how to get a real model', async (text) => {
    const events = await collect([user(text)]);

    expect(callsOf(events)).toEqual([]);
    expect(textOf(events)).toMatch(/scripted model.*AI_PROVIDER/s);
    expect(events.at(-1)).toMatchObject({ type: 'finish', finishReason: 'stop' });
  });

  it('asks for no tool that it is not offered', async () => {
    expect(callsOf(await collect([user('17 * 23')], []))).toEqual([]);
  });

  it('uses the results of its tools, failures included, in its answer', async () => {
    const events = await collect([
      user('What is 2 * 3, and what time is it in Tokyo?'),
      {
        role: 'assistant',
        parts: [
          { type: 'tool-call', toolCallId: 'a', toolName: 'calculator', input: { expression: '2 * 3' } },
          { type: 'tool-call', toolCallId: 'b', toolName: 'current_time', input: { timezone: 'Asia/Tokyo' } },
        ],
      },
      {
        role: 'tool',
        parts: [
          {
            type: 'tool-result',
            toolCallId: 'a',
            toolName: 'calculator',
            result: { value: 6 },
            isError: false,
            durationMs: 1,
          },
          {
            type: 'tool-result',
            toolCallId: 'b',
            toolName: 'current_time',
            result: { error: { code: 'tool_failed', message: 'no clock' } },
            isError: true,
            durationMs: 1,
          },
        ],
      },
    ]);

    expect(callsOf(events)).toEqual([]);
    expect(textOf(events)).toBe('2 * 3 = 6. The current_time tool failed: no clock');
  });

  it('greets', async () => {
    expect(textOf(await collect([user('Hello there!')]))).toMatch(/^Hello!/);
  });

  it('repeats the previous user message', async () => {
    const history: Message[] = [
      user('My cat is called Minka.'),
      { role: 'assistant', parts: [{ type: 'text', text: 'Fine.' }] },
      user('What did I say before?'),
    ];

    expect(textOf(await collect(history))).toBe('You said: My cat is called Minka.');
    expect(textOf(await collect([user('What did I say before?')]))).toMatch(/nothing before/);
  });

  it('streams word by word', async () => {
    const deltas = (await collect([user('Hello')])).filter((event) => event.type === 'text-delta');

    expect(deltas[0]).toEqual({ type: 'text-delta', delta: 'Hello!' });
    expect(deltas[1]).toEqual({ type: 'text-delta', delta: ' I' });
  });

  it('pauses between words, sets no timers without a delay, and stops when aborted', async () => {
    const waits: number[] = [];
    const timers: Timers = {
      after(ms) {
        waits.push(ms);
        return () => undefined;
      },
    };
    await collect([user('Hello')], TOOLS, timers);
    expect(waits).toEqual([]);

    const controller = new AbortController();
    const stream = new ScriptedProvider({ delayMs: 30, timers }).stream(request([user('Hello')]), controller);
    await stream.next();
    await stream.next();
    const third = stream.next();
    const reason = new Error('the caller left');
    controller.abort(reason);

    await expect(third).rejects.toBe(reason);
    expect(waits).toEqual([30]);
  });

  it('stops when aborted without a delay too', async () => {
    const controller = new AbortController();
    const provider = new ScriptedProvider({ delayMs: 0, timers: systemTimers });
    const stream = provider.stream(request([user('Hello')]), controller);
    await stream.next();
    await stream.next();
    const reason = new Error('the caller left');
    controller.abort(reason);

    await expect(stream.next()).rejects.toBe(reason);
  });
});

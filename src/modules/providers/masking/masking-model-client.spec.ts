import fc from 'fast-check';
import {
  A_MODEL,
  FakeModelClient,
  finish,
  type ScriptedCall,
} from '../../../../test/support/agent/fake-model-client.js';
import { PERSONAL_DATA_KINDS } from '../../../config/personal-data.js';
import type { Message } from '../../../shared/llm/message.js';
import type { ModelRequest } from '../llm-provider.js';
import type { ModelCallEvent } from '../model-client.js';
import { MaskingModelClient } from './masking-model-client.js';
import { findPersonalData } from './personal-data.js';
import { Placeholders, restoreText, TextRestorer } from './placeholders.js';

const KINDS = new Set(PERSONAL_DATA_KINDS);
const KEY = Buffer.alloc(32, 3);
const PLACEHOLDERS = new Placeholders({ key: KEY, kinds: KINDS, phoneCountry: undefined });
const PERSONAL = [
  'jane.doe+x@mail.example.com',
  'jürgen@müller.example',
  'DE89 3704 0044 0532 0130 00',
  'GB29NWBK60161331926819',
  '4111 1111 1111 1111',
  '5500-0000-0000-0004',
  '078-05-1120',
  '203.0.113.7',
  '2001:db8:0:1::17',
  '+49 170 1234567',
  '+1 (213) 373-4253',
];

function found(text: string, country?: string): [string, string][] {
  return findPersonalData(text, KINDS, country).map(({ kind, start, end }) => [kind, text.slice(start, end)]);
}

function request(messages: readonly Message[], cacheKey = 'a-conversation'): ModelRequest {
  return {
    model: A_MODEL,
    system: 'Ask ops@example.org.',
    messages,
    tools: [],
    maxOutputTokens: 10,
    cacheKey,
  };
}

const says = (text: string): Message => ({ role: 'user', parts: [{ type: 'text', text }] });

async function play(
  script: ScriptedCall,
  asked: ModelRequest,
): Promise<{ events: ModelCallEvent[]; sent: ModelRequest; error: unknown }> {
  const inner = new FakeModelClient([script]);
  const client = new MaskingModelClient(inner, PLACEHOLDERS);
  const events: ModelCallEvent[] = [];
  let error: unknown;
  try {
    for await (const event of client.stream(asked, new AbortController().signal)) events.push(event);
  } catch (caught) {
    error = caught;
  }
  return { events, sent: inner.requests[0]!, error };
}

function masked(text: string, scope = 'a-conversation'): string {
  return PLACEHOLDERS.inText(text, scope, new Map());
}

describe('personal data', () => {
  it('is found by form and check digits, whatever stands around it', () => {
    for (const value of PERSONAL) {
      for (const text of [
        value,
        `(${value})`,
        `Is it ${value}, or not?`,
        `"${value}"`,
        `x: ${value}.`,
        `Ja ${value} AND MORE`,
      ]) {
        expect(found(text).map(([, part]) => part)).toEqual([value]);
      }
    }
  });

  it.each([
    'Order 4111 1111 1111 1112 of 2026-11-30 at 10:30:15, 12.5 % of 840',
    '411111111111111112',
    'version 1.2.3.4.5, std::vector<a::b>, 300.300.300.300, ::1',
    'user@localhost, @name, a@b, 000-12-3456, DE00 3704 0044 0532 0130 00',
    '018f2f6e-7b1a-7c3d-9a55-0123456789ab 1234567890123 +1 call 911, +49',
  ])('is not found where there is none: %s', (text) => {
    expect(found(text)).toEqual([]);
  });

  it.each([
    ['4111 1111 1111 1111 12/27', ['4111 1111 1111 1111']],
    ['4111 1111 1111 1111 12/27 123', ['4111 1111 1111 1111']],
    ['4111 1111 1111 1111 123', ['4111 1111 1111 1111']],
    ['4111111111111111 123, 5500-0000-0000-0004-12', ['4111111111111111', '5500-0000-0000-0004']],
    ['378282246310005 4111 1111 1111 1111', ['378282246310005', '4111 1111 1111 1111']],
    ['203.0.113.7:8080 ip:203.0.113.7', ['203.0.113.7', '203.0.113.7']],
    ['::ffff:203.0.113.7', ['203.0.113.7']],
  ])('is found with what people write next to it: %s', (text, values) => {
    expect(found(text).map(([, part]) => part)).toEqual(values);
  });

  it('has phone numbers as people write them, where the country is known', () => {
    expect(found('Call 0170 1234567 today.')).toEqual([]);
    expect(found('Call 0170 1234567 today.', 'DE')).toEqual([['phone', '0170 1234567']]);
  });

  it('is looked for in time in proportion to the text', () => {
    for (const unit of [
      '1',
      '1 ',
      'a@',
      'a.',
      'AB12',
      'a:',
      '+1',
      '1.1.',
      '4111 1111 1111 1111 ',
      '1.1.1.1:',
      '+49 170 123 ',
    ]) {
      findPersonalData(unit.repeat(100_000 / unit.length), KINDS, 'DE');
    }
  });
});

describe(Placeholders.name, () => {
  it('give the same value the same name within a conversation, and another one in another', () => {
    expect(masked(PERSONAL[0]!)).toMatch(/^<email_[0-9a-f]{12}>$/);
    expect(masked(`${PERSONAL[0]} and again ${PERSONAL[0]}`)).toBe(
      `${masked(PERSONAL[0]!)} and again ${masked(PERSONAL[0]!)}`,
    );
    expect(masked(PERSONAL[0]!, 'another')).not.toBe(masked(PERSONAL[0]!));
  });

  it('are restored, however the text is cut', () => {
    const part = fc.oneof(
      fc.constantFrom(...PERSONAL, '<', '<email_', '<email_0123456789ab>', '>', ' '),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(part), fc.array(fc.nat(400)), (parts, cuts) => {
        const originals = new Map<string, string>();
        const text = PLACEHOLDERS.inText(parts.join(' '), '', originals);
        const restorer = new TextRestorer(originals);
        const places = [...cuts.map((cut) => cut % (text.length + 1)), text.length].sort((a, b) => a - b);
        const pieces = places.map((place, index) => text.slice(places[index - 1] ?? 0, place));
        const restored = pieces.map((piece) => restorer.push(piece)).join('') + restorer.end();
        expect(restored).toBe(parts.join(' '));
        expect(restored).toBe(restoreText(text, originals));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe(MaskingModelClient.name, () => {
  const email = PERSONAL[0]!;
  const card = PERSONAL[4]!;
  const history: Message[] = [
    says(`I am ${email}.`),
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: `Hm, ${masked(email)}.`, provider: 'anthropic', signature: 'sig' },
        { type: 'text', text: `Hello ${email}.` },
        {
          type: 'tool-call',
          toolCallId: 'c',
          toolName: 'find',
          input: { [email]: [email], n: 1, card: 4111111111111111 },
        },
      ],
    },
    {
      role: 'tool',
      parts: [
        {
          type: 'tool-result',
          toolCallId: 'c',
          toolName: 'find',
          result: { card },
          isError: false,
          durationMs: 1,
        },
      ],
    },
    says('And?'),
  ];

  it('shows no vendor what is personal, and the user all of it', async () => {
    const answer = `Sure: ${masked(email)}, ${masked(card)} <email_000000000000> <`;
    const call = { toolCallId: 'd', toolName: 'send', input: { to: [masked(email)], [masked(card)]: 1 } };
    const { events, sent } = await play(
      {
        events: [
          { type: 'start' },
          ...`I know ${masked(email)}`
            .split('')
            .map((delta): ModelCallEvent => ({ type: 'reasoning-delta', delta })),
          ...answer.split('').map((delta): ModelCallEvent => ({ type: 'text-delta', delta })),
          { type: 'tool-call', call },
          { type: 'tool-call', call: { ...call, input: null, invalidInput: `{"to": "${masked(email)}` } },
          finish('tool_calls'),
        ],
      },
      request(history),
    );
    const body = JSON.stringify(sent.messages);
    for (const value of [email, card, '4111111111111111']) expect(body).not.toContain(value);
    expect(sent.system).toBe('Ask ops@example.org.');
    const said = (type: string): string =>
      events.map((event) => (event.type === type && 'delta' in event ? event.delta : '')).join('');
    expect(said('text-delta')).toBe(`Sure: ${email}, ${card} <email_000000000000> <`);
    expect(said('reasoning-delta')).toBe(`I know ${email}`);
    expect(events.filter(({ type }) => type === 'tool-call')).toMatchObject([
      { call: { input: { to: [email], [card]: 1 } } },
      { call: { invalidInput: `{"to": "${email}` } },
    ]);
    expect(events.at(-1)!.type).toBe('finish');
  });

  it('begins every request alike, and sends what has nothing personal as it is', async () => {
    const first = await play({ events: [finish('stop')] }, request(history.slice(0, 1)));
    const second = await play({ events: [finish('stop')] }, request(history));
    expect(second.sent.messages[0]).toEqual(first.sent.messages[0]);
    expect(second.sent.messages[3]).toBe(history[3]);
  });

  it('gives out what it held back when the stream breaks', async () => {
    const { events, error } = await play(
      { events: [{ type: 'text-delta', delta: 'so far <em' }], error: new Error('reset') },
      request(history),
    );
    expect(events.at(-1)).toEqual({ type: 'text-delta', delta: '<em' });
    expect(error).toEqual(new Error('reset'));
  });
});

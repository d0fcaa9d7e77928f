import fc from 'fast-check';
import type { Message } from '../../../shared/llm/message.js';
import { toValidHistory } from './valid-history.js';

const id = fc.constantFrom('a', 'b', 'c', 'd');
const textPart = fc
  .string({ unit: 'grapheme', maxLength: 30 })
  .map((text) => ({ type: 'text' as const, text }));
const reasoningPart = fc.record(
  { type: fc.constant('reasoning' as const), text: fc.string(), provider: fc.constant('anthropic') },
  { requiredKeys: ['type', 'text'] },
);
const callPart = id.map((toolCallId) => ({
  type: 'tool-call' as const,
  toolCallId,
  toolName: 'echo',
  input: {},
}));
const resultPart = id.map((toolCallId) => ({
  type: 'tool-result' as const,
  toolCallId,
  toolName: 'echo',
  result: {},
  isError: false,
  durationMs: 0,
}));
const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ role: fc.constant('user' as const), parts: fc.array(textPart, { maxLength: 2 }) }),
  fc.record({
    role: fc.constant('assistant' as const),
    parts: fc.array(fc.oneof(textPart, reasoningPart, callPart), { maxLength: 5 }),
  }),
  fc.record({ role: fc.constant('tool' as const), parts: fc.array(resultPart, { maxLength: 5 }) }),
);
const anyHistory = fc.array(anyMessage, { maxLength: 20 });

/** What Anthropic and OpenAI both ask of a history. */
function expectValid(history: readonly Message[]): void {
  if (history.length > 0) expect(history[0]!.role).toBe('user');
  history.forEach((message, index) => {
    expect(message.parts.length).toBeGreaterThan(0);
    if (message.role === 'assistant') {
      const asked = message.parts.filter((part) => part.type === 'tool-call').map((part) => part.toolCallId);
      expect(new Set(asked).size).toBe(asked.length);
      expect(message.parts.every((part) => part.type !== 'text' || part.text.trim() !== '')).toBe(true);
      const next = history[index + 1];
      expect(next?.role === 'tool' ? next.parts.map((part) => part.toolCallId) : []).toEqual(asked);
    }
    if (message.role === 'tool') expect(history[index - 1]?.role).toBe('assistant');
  });
}

describe(toValidHistory.name, () => {
  it('makes a valid history of whatever is stored', () => {
    fc.assert(
      fc.property(anyHistory, (stored) => expectValid(toValidHistory(stored))),
      { numRuns: 2000 },
    );
  });

  it('changes nothing about a history that is valid', () => {
    fc.assert(
      fc.property(anyHistory, (stored) => {
        const valid = toValidHistory(stored);
        expect(toValidHistory(valid)).toEqual(valid);
      }),
    );
  });

  it('tells the model that the outcome of a call without a result is unknown', () => {
    const history = toValidHistory([
      { role: 'user', parts: [{ type: 'text', text: 'go' }] },
      { role: 'assistant', parts: [{ type: 'tool-call', toolCallId: 'x', toolName: 'pay', input: {} }] },
    ]);
    expect(history[2]).toMatchObject({
      role: 'tool',
      parts: [{ isError: true, result: { error: { code: 'outcome_unknown' } } }],
    });
  });
});

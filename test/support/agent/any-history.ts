import fc from 'fast-check';
import type { StoredMessage } from '../../../src/modules/conversation/index.js';
import type { AssistantPart, ToolResultPart, UserPart } from '../../../src/shared/llm/content-part.js';
import type { JsonValue } from '../../../src/shared/llm/json.js';

/*
 * Whatever may stand in a conversation: parallel calls, calls without results and the other way round, turns that were
 * aborted, ids that repeat, huge results, images, empty and blank texts, text of all scripts.
 */

const id = fc.constantFrom('call_1', 'call_2', 'call_3', 'toolu_x', 'weird id/β', 'x'.repeat(80));
const name = fc.constantFrom('calculator', 'web_fetch', 'no tool:of this world');
const text = fc.oneof(
  { weight: 5, arbitrary: fc.string({ unit: 'grapheme', maxLength: 60 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', ' ', '\n\t ', '\u200b', '‮abc', '🏳️‍🌈', 'سلام', '<|im_start|>system'),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 2_000 }).map((length) => 'long text, '.repeat(length / 11)),
  },
);
const huge = fc.integer({ min: 500, max: 6_000 }).map((length) => 'x1 '.repeat(length / 3));
const value: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.record({ value: fc.integer() }),
  fc.record({ content: text }),
  fc.record({ content: huge }),
  fc.constant(null),
);

const textPart = text.map((content): UserPart & AssistantPart => ({ type: 'text', text: content }));
const imagePart = fc.constant<UserPart>({ type: 'image', mediaType: 'image/png', base64: 'iVBORw0KGgo=' });
const reasoningPart = fc
  .constantFrom(
    { provider: 'anthropic', signature: 's' },
    { provider: 'openai', signature: 's', id: 'rs_1' },
    {},
    { provider: 'anthropic', redacted: 'r' },
  )
  .chain((proof) => text.map((content): AssistantPart => ({ type: 'reasoning', text: content, ...proof })));
const callPart = fc.tuple(id, name, fc.boolean()).map(([toolCallId, toolName, isBroken]): AssistantPart => ({
  type: 'tool-call',
  toolCallId,
  toolName,
  input: isBroken ? null : { expression: '1 + 1' },
  ...(isBroken ? { invalidInput: '{"expression": ' } : {}),
}));
const resultPart = fc
  .tuple(id, name, value, fc.boolean())
  .map(([toolCallId, toolName, result, isError]): ToolResultPart => ({
    type: 'tool-result',
    toolCallId,
    toolName,
    result,
    isError,
    durationMs: 1,
  }));

type Bare = Pick<StoredMessage, 'role' | 'parts' | 'status'>;
const status = fc.constantFrom('complete' as const, 'incomplete' as const);
const user = fc.array(fc.oneof({ weight: 5, arbitrary: textPart }, imagePart), { maxLength: 3 });
const assistant = fc.array(fc.oneof(textPart, reasoningPart, callPart), { maxLength: 5 });
const results = fc.array(resultPart, { maxLength: 5 });

/** A step as it should be: every call has its result. */
const goodStep = fc
  .tuple(
    fc.array(callPart, { minLength: 1, maxLength: 4 }),
    fc.array(value, { minLength: 4, maxLength: 4 }),
    textPart,
  )
  .map(([calls, values, said]): Bare[] => [
    { role: 'assistant', parts: [said, ...calls], status: 'complete' },
    {
      role: 'tool',
      status: 'complete',
      parts: calls.map((call, index) => ({
        type: 'tool-result',
        toolCallId: call.type === 'tool-call' ? call.toolCallId : '',
        toolName: 'calculator',
        result: values[index]!,
        isError: false,
        durationMs: 1,
      })),
    },
  ]);

const anything = fc.oneof(
  fc.record({ role: fc.constant('user' as const), parts: user, status }).map((message): Bare[] => [message]),
  fc
    .record({ role: fc.constant('assistant' as const), parts: assistant, status })
    .map((message): Bare[] => [message]),
  fc
    .record({ role: fc.constant('tool' as const), parts: results, status })
    .map((message): Bare[] => [message]),
  goodStep,
);

/** Stored messages with places from 1; `maxLength` counts groups of one or two messages. */
export function anyHistory(maxLength: number): fc.Arbitrary<StoredMessage[]> {
  return fc.array(anything, { maxLength }).map((groups) =>
    groups.flat().map((message, index): StoredMessage => ({
      ...message,
      id: `m${index + 1}`,
      seq: index + 1,
      runId: null,
      isPinned: false,
      createdAt: new Date(0),
    })),
  );
}

/** What a run adds to its context, step by step: calls with their results, as the loop makes them. */
export const anySteps = fc.array(goodStep, { maxLength: 4 });

/** A message that a user may send. */
export const anyUserText = text.filter((content) => content.trim() !== '');

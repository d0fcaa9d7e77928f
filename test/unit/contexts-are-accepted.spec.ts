import fc from 'fast-check';
import { assembleContext, planHistory } from '../../src/modules/agent/context/assemble-context.js';
import { messageBudget, sumTokens } from '../../src/modules/agent/context/count-messages.js';
import { RunWindow } from '../../src/modules/agent/context/run-window.js';
import type { StoredMessage } from '../../src/modules/conversation/index.js';
import { toAnthropicRequest } from '../../src/modules/providers/anthropic/to-anthropic-request.js';
import type { ModelInfo, ModelRequest } from '../../src/modules/providers/index.js';
import { toChatRequest } from '../../src/modules/providers/openai-wire/to-chat-request.js';
import { toResponsesRequest } from '../../src/modules/providers/openai-wire/to-responses-request.js';
import { AppError } from '../../src/shared/errors/app-error.js';
import type { Message } from '../../src/shared/llm/message.js';
import { aModel } from '../support/a-model.js';
import { anyHistory, anySteps, anyUserText } from '../support/agent/any-history.js';
import { anthropicWire } from '../support/model-server/anthropic-wire.js';
import { openAiChatWire } from '../support/model-server/openai-chat-wire.js';
import { openAiResponsesWire } from '../support/model-server/openai-responses-wire.js';
import type { Wire } from '../support/model-server/wire.js';

const TOOL = {
  name: 'calculator',
  description: 'Calculates.',
  inputSchema: { type: 'object', properties: { expression: { type: 'string' } } },
};
const SYSTEM = 'Be brief.';
const MAX_OUTPUT = 200;

/** A request as each vendor gets it, and what its own validation says. */
const VENDORS: readonly {
  readonly wire: Wire;
  readonly path: string;
  readonly model: ModelInfo;
  readonly toBody: (request: ModelRequest) => object;
}[] = [
  {
    wire: anthropicWire,
    path: '/v1/messages',
    model: aModel({ provider: 'anthropic', vendorModel: 'claude-sonnet-4-5' }, {}),
    toBody: toAnthropicRequest,
  },
  {
    wire: openAiChatWire,
    path: '/v1/chat/completions',
    model: aModel({ provider: 'openai', vendorModel: 'gpt-4o' }, {}),
    toBody: (request) => toChatRequest(request, { outputLimit: 'max_tokens', hasStrictIds: true }),
  },
  {
    wire: openAiResponsesWire,
    path: '/v1/responses',
    model: aModel({ provider: 'openai', vendorModel: 'gpt-4.1' }, {}, { images: false, api: 'responses' }),
    toBody: toResponsesRequest,
  },
];

const HEADERS = { 'x-api-key': 'k', authorization: 'Bearer k', 'anthropic-version': '2023-06-01' };

describe('the requests of a run', () => {
  it('are accepted by every vendor, within the window, and have the message, whatever is stored and however far the run goes', () => {
    let tooSmall = 0;
    const whole = fc.record({
      stored: anyHistory(8),
      text: anyUserText,
      steps: anySteps,
      window: fc.constantFrom(1_100, 1_600, 3_000, 8_000, 100_000),
      isCut: fc.boolean(),
      summary: fc.option(fc.record({ version: fc.constant(3), text: fc.string({ maxLength: 200 }) }), {
        nil: undefined,
      }),
      memories: fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 2 }),
      vendor: fc.constantFrom(...VENDORS),
      recalls: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(whole, ({ stored, text, steps, window, isCut, summary, memories, vendor, recalls }) => {
        const model = { ...vendor.model, contextWindow: window };
        const settings = { model, system: SYSTEM, tools: [TOOL], maxOutputTokens: MAX_OUTPUT };
        const budgetTokens = messageBudget(settings);
        const isFine = (messages: readonly Message[]): void => {
          expect(sumTokens(messages, model)).toBeLessThanOrEqual(budgetTokens);
          expect(JSON.stringify(messages)).toContain(JSON.stringify(text).slice(1, -1));
          const body = JSON.parse(JSON.stringify(vendor.toBody({ ...settings, messages })));
          const request = { path: vendor.path, query: new URLSearchParams(), headers: HEADERS, body };
          expect(vendor.wire.validate(request)).toBeUndefined();
        };
        const middle = stored.slice(0, 4);
        try {
          const plan = planHistory({
            current: { role: 'user', parts: [{ type: 'text', text }] },
            messageSeq: stored.length + 1,
            recent: stored,
            isCut,
            summary,
            pinned: middle,
            memories,
            model,
            budgetTokens,
          });
          const recalled = middle.slice(0, recalls).map((message) => ({ messages: [message], score: 1 }));
          const { messages } = assembleContext(plan, plan.isComplete ? [] : recalled);
          expect(messages.at(-1)!.role).toBe('user');
          const runWindow = new RunWindow({ ...settings, contextLength: messages.length });
          const all = [...messages];
          isFine(runWindow.fit(all, [TOOL]));
          for (const step of steps) {
            all.push(...(withOwnIds(step) as Message[]));
            isFine(runWindow.fit(all, [TOOL]));
          }
        } catch (error) {
          // Only what cannot fit in any way is refused, and said to be so.
          if (!(error instanceof AppError)) throw error;
          expect(error.code).toBe('validation_failed');
          expect(window).toBeLessThanOrEqual(8_000);
          tooSmall += 1;
        }
      }),
      { numRuns: 10_000 },
    );
    expect(tooSmall).toBeLessThan(2_000);
  }, 120_000);
});

/** As the loop makes them: ids are unique within a message. */
function withOwnIds(step: readonly Pick<StoredMessage, 'role' | 'parts'>[]): readonly object[] {
  return step.map(({ role, parts }) => ({
    role,
    parts: parts
      .filter((part) => part.type !== 'text' || part.text !== '')
      .map((part, index) =>
        part.type === 'tool-call' || part.type === 'tool-result'
          ? {
              ...part,
              toolCallId: `own_${part.type === 'tool-call' ? index - (parts[0]!.type === 'text' && parts[0]!.text !== '' ? 1 : 0) : index}`,
            }
          : part,
      ),
  }));
}

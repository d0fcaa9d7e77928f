import { countChatCompletionTokens, encode } from 'gpt-tokenizer/model/gpt-4o';
import { aModel } from '../../../../test/support/a-model.js';
import type { Message } from '../../../shared/llm/message.js';
import type { ToolDefinition } from '../../../shared/llm/tool-call.js';
import type { ModelInfo } from '../catalogue/model-info.js';
import type { ProviderName } from '../provider-name.js';
import {
  countTokens,
  estimateMessage,
  estimateRequest,
  estimateTools,
  TOKENS_PER_IMAGE,
} from './estimate-tokens.js';

const model = (provider: ProviderName, vendorModel: string): ModelInfo =>
  aModel({ provider, vendorModel }, {});
const GPT = model('openai', 'gpt-4o');
const CLAUDE = model('anthropic', 'claude-sonnet-4-5');
const CLAUDE_NEW = model('anthropic', 'claude-opus-4-7');
const OPEN = model('openai-compatible', 'llama-3.3-70b');
const MODELS = [GPT, CLAUDE, CLAUDE_NEW, OPEN];

const ENGLISH =
  'Please compare the invoice with the order, list what differs, and propose a reply to the supplier in a polite tone. '.repeat(
    6,
  );
const CHINESE = '请将发票与订单进行比较，列出不同之处，并以礼貌的语气草拟给供应商的回复。'.repeat(6);

const user = (text: string): Message => ({ role: 'user', parts: [{ type: 'text', text }] });
const call = {
  type: 'tool-call',
  toolCallId: 'call_1',
  toolName: 'order_status',
  input: { order_id: 4711 },
} as const;
const result = {
  type: 'tool-result',
  toolCallId: 'call_1',
  toolName: 'order_status',
  result: { status: 'shipped', carrier: 'post', days: 3 },
  isError: false,
  durationMs: 12,
} as const;
const TURN: readonly Message[] = [
  user('Where is order 4711?'),
  { role: 'assistant', parts: [call] },
  { role: 'tool', parts: [result] },
];

const tool = (index: number): ToolDefinition => ({
  name: `look_up_${index}`,
  description: 'Looks up an order, an invoice or a customer by its number and says what is known about it.',
  inputSchema: {
    type: 'object',
    required: ['kind', 'number'],
    properties: {
      kind: { type: 'string', enum: ['order', 'invoice', 'customer'], description: 'What it is.' },
      number: { type: 'integer', description: 'Its number, as printed on the document.' },
      language: { type: 'string', description: 'The language of the answer, for example "de".' },
    },
  },
});

const request = (
  info: ModelInfo,
  messages: readonly Message[],
  tools: readonly ToolDefinition[] = [],
  system = '',
) => estimateRequest({ model: info, system, messages, tools, maxOutputTokens: 100 });

describe(countTokens.name, () => {
  it.each(MODELS)('is 0 for nothing and at least 1 for anything: $vendorModel', (info) => {
    expect(countTokens('', info)).toBe(0);
    for (const text of ['.', ' ', 'a', '\n', '漢', '\u0301'])
      expect(countTokens(text, info)).toBeGreaterThanOrEqual(1);
  });

  it('is about what OpenAI’s own tokenizer says', () => {
    expect(Math.abs(countTokens(ENGLISH, GPT) / encode(ENGLISH).length - 1)).toBeLessThan(0.05);
  });

  it('is more for Claude, and for the newer Claude more again, in Latin script alone', () => {
    const english = countTokens(ENGLISH, CLAUDE_NEW) / countTokens(ENGLISH, CLAUDE);

    expect(countTokens(ENGLISH, CLAUDE)).toBeGreaterThan(1.02 * countTokens(ENGLISH, GPT));
    expect(english).toBeGreaterThan(1.25);
    expect(english).toBeLessThan(1.45);
    expect(countTokens(CHINESE, CLAUDE_NEW) / countTokens(CHINESE, CLAUDE)).toBeLessThan(1.1);
  });

  it.each([
    ['anthropic', 'claude-opus-4-5-20251101', CLAUDE],
    ['openai-compatible', 'anthropic/claude-haiku-4.5', CLAUDE],
    ['anthropic', 'claude-sonnet-5', CLAUDE_NEW],
    ['anthropic', 'claude-of-next-year', CLAUDE_NEW],
    ['openai-compatible', 'openai/gpt-4.1-mini', GPT],
    ['azure', 'our-own-deployment', GPT],
    ['scripted', 'scripted', GPT],
  ] as const)('knows the family by name, wherever it is served: %s %s', (provider, vendorModel, like) => {
    expect(countTokens(ENGLISH, model(provider, vendorModel))).toBe(countTokens(ENGLISH, like));
  });
});

describe(estimateRequest.name, () => {
  it('is within 5 % of an independent count for OpenAI: messages', () => {
    const messages = [
      user(ENGLISH),
      { role: 'assistant', parts: [{ type: 'text', text: ENGLISH }] },
      user('Thanks.'),
    ];
    const exact = countChatCompletionTokens!({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: ENGLISH },
        { role: 'assistant', content: ENGLISH },
        { role: 'user', content: 'Thanks.' },
      ],
    });

    expect(Math.abs(request(GPT, messages as Message[], [], 'Be brief.') / exact - 1)).toBeLessThan(0.05);
  });

  it('is within 10 % of an independent count for OpenAI: tools', () => {
    const tools = [tool(1), tool(2), tool(3)];
    const exact = countChatCompletionTokens!({
      messages: [{ role: 'user', content: 'Where is order 4711?' }],
      functions: tools.map(({ name, description, inputSchema }) => ({
        name,
        description,
        parameters: inputSchema as { type: 'object' },
      })),
    });

    expect(Math.abs(request(GPT, [user('Where is order 4711?')], tools) / exact - 1)).toBeLessThan(0.1);
  });

  it('is within 2 tokens of the example in Anthropic’s documentation', () => {
    // https://platform.claude.com/docs/en/build-with-claude/token-counting
    expect(
      Math.abs(request(CLAUDE, [user('Hello, Claude')], [], 'You are a scientist') - 14),
    ).toBeLessThanOrEqual(2);
  });

  it.each(MODELS)('is the sum of its messages, its tools and a few tokens: $vendorModel', (info) => {
    const parts = TURN.reduce(
      (sum, message) => sum + estimateMessage(message, info),
      estimateTools([tool(1)], info),
    );
    const frame = request(info, TURN, [tool(1)]) - parts;

    expect(frame).toBeGreaterThanOrEqual(0);
    expect(frame).toBeLessThanOrEqual(10);
  });

  it.each(MODELS)('never shrinks when something is added: $vendorModel', (info) => {
    const turn = request(info, TURN);

    expect(turn).toBeGreaterThan(request(info, TURN.slice(0, 1)));
    expect(request(info, TURN, [], 'Be brief.')).toBeGreaterThan(turn);
    expect(request(info, TURN, [tool(1)])).toBeGreaterThan(turn);
  });
});

describe(estimateTools.name, () => {
  it('is nothing for no tools', () => {
    for (const info of MODELS) expect(estimateTools([], info)).toBe(0);
  });

  it('has Anthropic’s own instructions once, however many tools there are', () => {
    const [one, two, three] = [1, 2, 3].map((count) =>
      estimateTools(
        Array.from({ length: count }, (_, i) => tool(i)),
        CLAUDE,
      ),
    );

    expect(one).toBeGreaterThan(550);
    expect(Math.abs(three! - two! - (two! - one!))).toBeLessThanOrEqual(1);
    expect(two! - one!).toBeLessThan(250);
  });

  it('is less than the JSON of the tools for OpenAI, which declares them', () => {
    const tools = Array.from({ length: 10 }, (_, index) => tool(index));

    expect(estimateTools(tools, GPT)).toBeLessThan(0.8 * countTokens(JSON.stringify(tools), GPT));
  });
});

describe(estimateMessage.name, () => {
  it('counts images, calls as they were written, and reasoning only for whom it is sent to', () => {
    const thought = { type: 'reasoning', text: ENGLISH, provider: 'anthropic', signature: 'sig' } as const;
    const image = { type: 'image', mediaType: 'image/png', base64: 'AAAA' } as const;
    const broken = { ...call, input: null, invalidInput: ENGLISH };

    expect(estimateMessage({ role: 'user', parts: [image] }, GPT)).toBeGreaterThanOrEqual(TOKENS_PER_IMAGE);
    expect(estimateMessage({ role: 'assistant', parts: [broken] }, GPT)).toBeGreaterThan(
      countTokens(ENGLISH, GPT),
    );
    expect(estimateMessage({ role: 'assistant', parts: [thought] }, CLAUDE)).toBe(
      countTokens(ENGLISH, CLAUDE),
    );
    expect(estimateMessage({ role: 'assistant', parts: [thought] }, GPT)).toBe(0);
  });
});

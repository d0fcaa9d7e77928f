import type { ModelInfo } from '../catalogue/model-info.js';
import type { PieceCounts } from './count-pieces.js';

/*
 * What vendors count, as far as it shows: fitted to recorded exchanges with their reported usage, see
 * docs/guides/tokens.md. Tokenizers of a vendor differ between generations, framing between its models.
 */

/** One family of models: what it spends on text, and on what is around it. All figures are tokens. */
export interface VendorTokens {
  /** What it spends where o200k spends one token. */
  readonly perPiece: Readonly<Record<keyof PieceCounts, number>>;
  /** Once per request. */
  readonly request: number;
  /** Per message of text. */
  readonly message: number;
  /** Whether a system prompt is a message like others, or costs nothing but its text. */
  readonly systemIsMessage: boolean;
  /** Per tool call in the history, and per result: what is around names, arguments and results. */
  readonly toolCall: number;
  readonly toolResult: number;
  /** Once per request that offers tools: the vendor's own instructions for them. */
  readonly tools: number;
  readonly tool: number;
  /** Whether tools are shown to the model as declarations instead of JSON. */
  readonly declaresTools: boolean;
  /** Whose reasoning goes back to the model: the `provider` of its parts. */
  readonly reasoning?: string;
}

const everyPiece = (tokens: number): VendorTokens['perPiece'] => ({
  common: tokens,
  rare: tokens,
  split: tokens,
  capitals: tokens,
  foreign: tokens,
  digits: tokens,
  marks: tokens,
  space: tokens,
});

export const OPENAI: VendorTokens = {
  perPiece: everyPiece(1),
  request: 3,
  message: 4,
  systemIsMessage: true,
  toolCall: 8,
  toolResult: 8.5,
  tools: 11,
  tool: 0,
  declaresTools: true,
  reasoning: 'openai',
};

const OPENAI_REASONING: VendorTokens = { ...OPENAI, request: 2, toolCall: 11, toolResult: 11, tools: 12 };

/** The Chat Completions API gives reasoning models longer instructions for tools than the Responses API does. */
const OPENAI_REASONING_CHAT: VendorTokens = { ...OPENAI_REASONING, tools: 94 };

/** Claude 4.5 and 4.6. */
const CLAUDE: VendorTokens = {
  perPiece: {
    common: 1.04,
    rare: 1.19,
    split: 1.43,
    capitals: 1.5,
    foreign: 1.2,
    digits: 1.12,
    marks: 1.12,
    space: 1.11,
  },
  request: 5,
  message: 2,
  systemIsMessage: false,
  toolCall: 31,
  toolResult: 31,
  tools: 486,
  tool: 24,
  declaresTools: false,
  reasoning: 'anthropic',
};

const CLAUDE_4: VendorTokens = { ...CLAUDE, tools: 313 };
const CLAUDE_3: VendorTokens = { ...CLAUDE, tools: 275 };

/** From Opus 4.7 and Sonnet 5 on Claude has another tokenizer, which spends more on Latin words alone. */
const CLAUDE_NEW: VendorTokens = {
  ...CLAUDE,
  perPiece: {
    common: 1.37,
    rare: 1.56,
    split: 1.79,
    capitals: 1.7,
    foreign: 1.2,
    digits: 1.25,
    marks: 1.29,
    space: 1.25,
  },
  toolCall: 25,
  toolResult: 25,
  tools: 341,
  tool: 35,
};

/** Servers with open models: their templates show tools as JSON, with instructions that differ from model to model. */
const OTHER: VendorTokens = {
  perPiece: everyPiece(1.03),
  request: 4,
  message: 3,
  systemIsMessage: true,
  toolCall: 12,
  toolResult: 12,
  tools: 100,
  tool: 6,
  declaresTools: false,
};

/** Judged by name, wherever it is served. */
const BY_NAME: readonly (readonly [RegExp, VendorTokens])[] = [
  [/claude-(?:v|instant|[123]\b)|(?:opus|sonnet|haiku)-3/, CLAUDE_3],
  [/(?:opus|sonnet|haiku)-4[-.][56]\b|claude-4[-.][56]\b/, CLAUDE],
  [/(?:opus|sonnet|haiku)-4(?:[-.][01])?(?![-.]\d\b)|claude-4(?:[-.][01])?-/, CLAUDE_4],
  [/claude/, CLAUDE_NEW],
  [/gpt-oss/, { ...OTHER, tools: 75 }],
  [/gpt-[5-9]|(?:^|\/)o[134](?:-|$)/, OPENAI_REASONING_CHAT],
  [/gpt-/, OPENAI],
  [/deepseek/, { ...OTHER, message: 1, tools: 250 }],
  [/grok-4-1/, { ...OTHER, request: 0, tools: 150 }],
  [/grok-4\.3/, { ...OTHER, request: 188, tools: 40, tool: 8 }],
  [/grok/, { ...OTHER, request: 152, toolCall: 50, toolResult: 50, tools: 140 }],
  [
    /mi(?:ni)?stral|magistral|codestral|devstral/,
    { ...OTHER, perPiece: everyPiece(1.07), tools: 30, tool: 10 },
  ],
  [/kimi/, { ...OTHER, toolCall: 16, toolResult: 16, tools: 15, tool: 12 }],
  [/qwen/, { ...OTHER, tools: 140 }],
];

export function vendorTokens({ provider, vendorModel, capabilities }: ModelInfo): VendorTokens {
  if (provider === 'scripted') return OPENAI;
  // Azure's names are the operator's, so its catalogue entry is asked, and not the name.
  if (provider === 'azure' || provider === 'openai') {
    if (!capabilities.reasoning) return OPENAI;
    return provider === 'openai' && capabilities.api === 'responses'
      ? OPENAI_REASONING
      : OPENAI_REASONING_CHAT;
  }
  const name = vendorModel.toLowerCase();
  const [, tokens] = BY_NAME.find(([pattern]) => pattern.test(name)) ?? [];
  return tokens ?? (provider === 'anthropic' ? CLAUDE_NEW : OTHER);
}

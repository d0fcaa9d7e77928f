import type { ProviderName } from '../provider-name.js';
import type { ModelCapabilities } from './model-info.js';

/** OpenAI's reasoning models; the chat variants of the GPT-5 line are none. */
const OPENAI_REASONING = /^(?:o[134](?:$|-)|codex-|gpt-[5-9](?!\d)(?![\d.]*-chat))/;
/** Served by the Responses API alone. */
const OPENAI_RESPONSES_ONLY = /(?:^|-)codex(?:-|$)|-pro(?:-|$)|deep-research|computer-use/;
const OPENAI_WITHOUT_IMAGES = /^(?:gpt-3\.5|gpt-4(?:$|-0|-32k)|o1-mini|o3-mini|gpt-oss)/;
const OPENAI_WITHOUT_TOOLS = /^(?:o1-mini|o1-preview)|-chat$|-chat-latest$/;
/**
 * Claude up to Opus 4.6. Later models answer 400 to a temperature other than 1, so names that are too new to be known
 * here go without it; names that are not Claude's are some other server's and keep it.
 * https://platform.claude.com/docs/en/api/messages/create
 */
const ANTHROPIC_TAKES_TEMPERATURE =
  /^(?!claude-)|^claude-(?:instant|v?[123](?!\d)|(?:opus|sonnet|haiku)-3|(?:(?:opus|sonnet|haiku)-)?4(?!\d|[-.](?:[7-9]|\d\d(?!\d))))/;
const ANTHROPIC_REASONING = /^claude-(?:3-7|fable|mythos|(?:opus|sonnet|haiku)-[4-9])/;

/** What a model can do, judged by its vendor and name. The operator's AI_MODELS has the last word. */
export function capabilitiesOf(provider: ProviderName, modelId: string): ModelCapabilities {
  switch (provider) {
    case 'scripted':
      return { tools: true, images: false, reasoning: false, temperature: true, api: 'chat' };
    case 'anthropic':
      return {
        tools: true,
        images: true,
        reasoning: ANTHROPIC_REASONING.test(modelId),
        temperature: ANTHROPIC_TAKES_TEMPERATURE.test(modelId),
        api: 'chat',
      };
    case 'openai':
    case 'azure': {
      const reasons = OPENAI_REASONING.test(modelId);
      return {
        tools: !OPENAI_WITHOUT_TOOLS.test(modelId),
        images: !OPENAI_WITHOUT_IMAGES.test(modelId),
        reasoning: reasons,
        temperature: !reasons,
        api: OPENAI_RESPONSES_ONLY.test(modelId) ? 'responses' : 'chat',
      };
    }
    default:
      return { tools: true, images: true, reasoning: false, temperature: true, api: 'chat' };
  }
}

import { countTokens, estimateRequest } from '../tokens/estimate-tokens.js';
import type { LlmProvider, ModelEvent, ModelRequest, StreamOptions } from '../llm-provider.js';
import { pause } from '../resilience/pause.js';
import type { Timers } from '../resilience/timers.js';
import { planReply } from './plan-reply.js';

export interface ScriptedProviderOptions {
  /** Between two words; 0 sets no timers. */
  readonly delayMs: number;
  readonly timers: Timers;
}

/**
 * The model that needs no key: it answers from rules, and asks for tools the way any model does. The whole of Perch can
 * be tried out and tested with it.
 */
export class ScriptedProvider implements LlmProvider {
  readonly name = 'scripted' as const;

  constructor(private readonly options: ScriptedProviderOptions) {}

  async *stream(request: ModelRequest, { signal, onActivity }: StreamOptions): AsyncGenerator<ModelEvent> {
    const { delayMs, timers } = this.options;
    signal.throwIfAborted();
    yield { type: 'start' };
    const reply = planReply(request);
    let written = '';
    for (const word of wordsOf(reply.text)) {
      if (written !== '' && delayMs > 0) await pause(delayMs, timers, signal);
      signal.throwIfAborted();
      onActivity?.();
      written += word;
      yield { type: 'text-delta', delta: word };
    }
    for (const call of reply.calls) {
      signal.throwIfAborted();
      yield { type: 'tool-call', call };
    }
    const asked = reply.calls.map((call) => `${call.toolName} ${JSON.stringify(call.input)}`).join(' ');
    yield {
      type: 'finish',
      finishReason: reply.calls.length > 0 ? 'tool_calls' : 'stop',
      usage: {
        inputTokens: { total: estimateRequest(request) },
        outputTokens: { total: countTokens(written, request.model) + countTokens(asked, request.model) },
        source: 'measured',
      },
    };
  }
}

/** Each word with the space before it, so that the deltas add up to the text. */
function wordsOf(text: string): readonly string[] {
  return text.match(/\s*\S+\s*$|\s*\S+/g) ?? [];
}

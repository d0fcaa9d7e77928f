import type { ModelEvent } from '../llm-provider.js';
import type { ProviderName } from '../provider-name.js';
import { ProviderError } from '../provider-error.js';
import { asList, asObject, asText, type Payload } from '../wire/payload.js';
import type { StreamMapper } from '../wire/stream-model-events.js';
import { ChatToolCalls } from './chat-tool-calls.js';
import { mapChatFinishReason } from './map-chat-finish-reason.js';
import { mapChatUsage } from './map-chat-usage.js';
import { mapOpenAiStreamError } from './map-openai-error.js';

const MAX_REASONING_CHARACTERS = 4 * 1024 * 1024;

/**
 * The stream of Chat Completions. The usage follows the finish reason in a chunk of its own, so the answer ends with
 * `[DONE]` or with the bytes; without a finish reason before that, it was broken off.
 */
export class ChatStreamMapper implements StreamMapper {
  isFinished = false;
  readonly #provider: ProviderName;
  readonly #toolCalls: ChatToolCalls;
  #isStarted = false;
  #reasoning = '';
  #usage: Payload | undefined;
  #finishReason: string | undefined;

  constructor(provider: ProviderName, newId: () => string) {
    this.#provider = provider;
    this.#toolCalls = new ChatToolCalls(provider, newId);
  }

  map(payload: Payload, name: string | undefined): readonly ModelEvent[] {
    if (payload.error != null || name === 'error')
      throw mapOpenAiStreamError(this.#provider, payload.error ?? payload);
    const events: ModelEvent[] = [];
    this.#usage = asObject(payload.usage) ?? this.#usage;
    const choice = asObject(asList(payload.choices)[0]);
    const responseId = asText(payload.id);
    // Azure begins with a chunk about its filters that has neither.
    if (!this.#isStarted && (responseId || choice)) {
      this.#isStarted = true;
      events.push({ type: 'start', ...(responseId ? { responseId } : {}) });
    }
    if (choice) {
      this.#mapDelta(asObject(choice.delta) ?? {}, events);
      this.#finishReason = asText(choice.finish_reason) ?? this.#finishReason;
    }
    return events;
  }

  end(): readonly ModelEvent[] | undefined {
    if (this.#finishReason === undefined) return undefined;
    this.isFinished = true;
    const events: ModelEvent[] = [];
    this.#endReasoning(events);
    for (const call of this.#toolCalls.take()) events.push({ type: 'tool-call', call });
    const usage = mapChatUsage(this.#usage);
    events.push({
      type: 'finish',
      finishReason: mapChatFinishReason(this.#finishReason, !this.#toolCalls.isEmpty),
      rawFinishReason: this.#finishReason,
      ...(usage ? { usage } : {}),
    });
    return events;
  }

  #mapDelta(delta: Payload, events: ModelEvent[]): void {
    // DeepSeek's name, and that of OpenRouter and newer servers; some send both.
    const reasoning = asText(delta.reasoning_content) ?? asText(delta.reasoning);
    if (reasoning) this.#addReasoning(reasoning, events);
    // A refusal is what the model says instead of an answer.
    for (const text of [asText(delta.content), asText(delta.refusal)]) {
      if (!text) continue;
      this.#endReasoning(events);
      events.push({ type: 'text-delta', delta: text });
    }
    // Content in parts has no meaning here, and dropping it would lose an answer without a word.
    if (Array.isArray(delta.content)) throw new ProviderError(this.#provider, 'bad-response');
    for (const piece of asList(delta.tool_calls)) this.#toolCalls.add(asObject(piece) ?? {});
  }

  #addReasoning(delta: string, events: ModelEvent[]): void {
    if (this.#reasoning.length + delta.length > MAX_REASONING_CHARACTERS)
      throw new ProviderError(this.#provider, 'bad-response');
    this.#reasoning += delta;
    events.push({ type: 'reasoning-delta', delta });
  }

  #endReasoning(events: ModelEvent[]): void {
    if (this.#reasoning === '') return;
    events.push({
      type: 'reasoning',
      part: { type: 'reasoning', text: this.#reasoning, provider: this.#provider },
    });
    this.#reasoning = '';
  }
}

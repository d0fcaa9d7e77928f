import type { AssistantPart, UserPart } from '../../../shared/llm/content-part.js';
import type { Message } from '../../../shared/llm/message.js';
import type { ToolCall } from '../../../shared/llm/tool-call.js';
import type { Usage } from '../../../shared/llm/usage.js';
import type { ModelInfo } from '../catalogue/model-info.js';
import type { ModelRequest } from '../llm-provider.js';
import type { ModelCallEvent, ModelClient } from '../model-client.js';
import { type Originals, type Placeholders, restoreJson, restoreText, TextRestorer } from './placeholders.js';

interface MaskedMessage {
  readonly scope: string;
  readonly message: Message;
  readonly originals: Originals;
}

/**
 * Keeps personal data from vendors: they see placeholders, and what they answer with placeholders is given back with the
 * values. The system prompt is the operator's and goes as it is, and so do images.
 */
export class MaskingModelClient implements ModelClient {
  /** A message is sent with every request that follows, and counted before: it is looked through once. */
  private readonly masked = new WeakMap<Message, MaskedMessage>();

  constructor(
    private readonly inner: ModelClient,
    private readonly placeholders: Placeholders,
  ) {}

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelCallEvent, void, undefined> {
    const originals: Originals = new Map();
    const events = this.inner.stream(this.mask(request, originals), signal);
    if (originals.size === 0) {
      yield* events;
      return;
    }
    const text = new TextRestorer(originals);
    const reasoning = new TextRestorer(originals);
    const rest = (): ModelCallEvent[] => [
      ...toDelta('reasoning-delta', reasoning.end()),
      ...toDelta('text-delta', text.end()),
    ];
    try {
      for await (const event of events) {
        switch (event.type) {
          case 'text-delta':
            yield* toDelta('reasoning-delta', reasoning.end());
            yield* toDelta('text-delta', text.push(event.delta));
            break;
          case 'reasoning-delta':
            yield* toDelta('text-delta', text.end());
            yield* toDelta('reasoning-delta', reasoning.push(event.delta));
            break;
          case 'tool-call':
            yield* rest();
            yield { type: 'tool-call', call: restoreCall(event.call, originals) };
            break;
          // A finished thought goes back to its vendor as it came, so it keeps its placeholders.
          default:
            yield* rest();
            yield event;
        }
      }
    } catch (error) {
      yield* rest();
      throw error;
    }
  }

  find(modelId: string): ModelInfo | undefined {
    return this.inner.find(modelId);
  }

  list(): readonly ModelInfo[] {
    return this.inner.list();
  }

  costOf(model: ModelInfo, usage: Usage): ReturnType<ModelClient['costOf']> {
    return this.inner.costOf(model, usage);
  }

  mostOf(request: ModelRequest): ReturnType<ModelClient['mostOf']> {
    return this.inner.mostOf(this.mask(request, new Map()));
  }

  estimateUsage(request: ModelRequest, output: string): Usage {
    return this.inner.estimateUsage(this.mask(request, new Map()), output);
  }

  /** Placeholders of one conversation tell a vendor nothing about another: the cache key is the conversation's. */
  private mask(request: ModelRequest, originals: Originals): ModelRequest {
    const scope = request.cacheKey ?? '';
    const messages = request.messages.map((message) => {
      let masked = this.masked.get(message);
      if (masked?.scope !== scope) this.masked.set(message, (masked = this.maskMessage(message, scope)));
      for (const [placeholder, original] of masked.originals) originals.set(placeholder, original);
      return masked.message;
    });
    return { ...request, messages };
  }

  private maskMessage(message: Message, scope: string): MaskedMessage {
    const originals: Originals = new Map();
    const masked = this.maskParts(message, scope, originals);
    // The same object where nothing was found: others know messages by their identity, too.
    return { scope, message: originals.size === 0 ? message : masked, originals };
  }

  private maskParts(message: Message, scope: string, originals: Originals): Message {
    const { placeholders } = this;
    switch (message.role) {
      case 'user':
        return {
          role: 'user',
          parts: message.parts.map((part): UserPart =>
            part.type === 'text' ? { ...part, text: placeholders.inText(part.text, scope, originals) } : part,
          ),
        };
      case 'assistant':
        return {
          role: 'assistant',
          parts: message.parts.map((part): AssistantPart => {
            if (part.type === 'tool-call')
              return { ...part, input: placeholders.inJson(part.input, scope, originals) };
            const isVendors = part.type === 'reasoning' && part.provider !== undefined;
            return isVendors ? part : { ...part, text: placeholders.inText(part.text, scope, originals) };
          }),
        };
      case 'tool':
        return {
          role: 'tool',
          parts: message.parts.map((part) => ({
            ...part,
            result: placeholders.inJson(part.result, scope, originals),
          })),
        };
    }
  }
}

function toDelta(type: 'text-delta' | 'reasoning-delta', delta: string): ModelCallEvent[] {
  return delta === '' ? [] : [{ type, delta }];
}

function restoreCall(call: ToolCall, originals: Originals): ToolCall {
  return {
    ...call,
    input: restoreJson(call.input, originals),
    ...(call.invalidInput === undefined ? {} : { invalidInput: restoreText(call.invalidInput, originals) }),
  };
}

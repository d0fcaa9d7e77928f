import type {
  LlmProvider,
  ModelEvent,
  ModelRequest,
  StreamOptions,
} from '../../../src/modules/providers/llm-provider.js';
import { ProviderError } from '../../../src/modules/providers/provider-error.js';

/** What a call plays, in order. `bytes` is a sign of life without an event. */
export type Play = readonly (ModelEvent | ProviderError | Error | 'bytes' | 'hang')[];

/** A provider for tests: plays a list per call, honours the signal, and counts what it was asked. */
export class PlayingProvider implements LlmProvider {
  readonly name = 'openai-compatible' as const;
  readonly requests: ModelRequest[] = [];
  /** Calls whose stream was ended by its signal or left by its reader. */
  closed = 0;
  lastSignal: AbortSignal | undefined;
  #bytes: (() => void) | undefined;

  constructor(private readonly playFor: (request: ModelRequest, call: number) => Play) {}

  /** Lets bytes arrive in the call that hangs. */
  sendBytes(): void {
    this.#bytes?.();
  }

  async *stream(request: ModelRequest, { signal, onActivity }: StreamOptions): AsyncGenerator<ModelEvent> {
    this.requests.push(request);
    this.lastSignal = signal;
    this.#bytes = onActivity;
    const play = this.playFor(request, this.requests.length);
    try {
      for (const item of play) {
        await Promise.resolve();
        signal.throwIfAborted();
        if (item === 'bytes') onActivity?.();
        else if (item === 'hang') {
          await new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
          signal.throwIfAborted();
        } else if (item instanceof Error) throw item;
        else yield item;
      }
    } finally {
      this.closed++;
    }
  }
}

export function failsWith(
  reason: ProviderError['reason'],
  options: { status?: number; retryAfterMs?: number } = {},
): ProviderError {
  return new ProviderError('openai-compatible', reason, options);
}

export function answers(text: string): Play {
  return [{ type: 'start' }, { type: 'text-delta', delta: text }, { type: 'finish', finishReason: 'stop' }];
}

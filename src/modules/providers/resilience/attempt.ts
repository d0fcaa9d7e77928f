import type { Clock } from '../../../shared/context/clock.js';
import type { LlmProvider, ModelEvent, ModelRequest } from '../llm-provider.js';
import { ProviderError } from '../provider-error.js';
import type { Timers } from './timers.js';
import { Watchdog } from './watchdog.js';

export interface AttemptOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  readonly firstPartMs: number;
  readonly stallMs: number;
  readonly totalMs: number;
}

/** Whether an event is something the caller gets to see: from then on nothing may be repeated. */
export function isPart(event: ModelEvent): boolean {
  return event.type !== 'start';
}

/**
 * One try at one provider, with its deadlines. Throws the caller's reason when the caller aborts, a ProviderError
 * `timeout` when a deadline passes, and otherwise what the provider throws. Leaving the iteration closes the socket.
 */
export async function* attempt(
  provider: LlmProvider,
  request: ModelRequest,
  options: AttemptOptions,
): AsyncGenerator<ModelEvent, void, undefined> {
  const { signal } = options;
  signal.throwIfAborted();
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const watchdog = new Watchdog({
    ...options,
    onTimeout: () => controller.abort(new ProviderError(provider.name, 'timeout')),
  });
  try {
    const events = provider.stream(request, {
      signal: controller.signal,
      onActivity: () => watchdog.touch(),
    });
    for await (const event of events) {
      if (isPart(event)) watchdog.firstPart();
      watchdog.waits(false);
      yield event;
      watchdog.waits(true);
      controller.signal.throwIfAborted();
    }
  } catch (error) {
    // Whatever the adapter made of the abort, the reason is ours.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    watchdog.stop();
    signal.removeEventListener('abort', onAbort);
    controller.abort();
  }
}

import type { ModelEvent, StreamOptions } from '../llm-provider.js';
import type { ProviderName } from '../provider-name.js';
import { ProviderError } from '../provider-error.js';
import { asObject, type Payload } from './payload.js';
import { type SseEvent, SseFormatError, SseFramer } from './sse-framer.js';

/** Translates one vendor's stream. One instance per call. */
export interface StreamMapper {
  /**
   * What the payload of one event means. `name` is the event's own name, where the wire uses names. Throws ProviderError
   * for the vendor's error events.
   */
  map(payload: Payload, name: string | undefined): readonly ModelEvent[];

  /** True once `map` has returned `finish`. */
  readonly isFinished: boolean;

  /** The bytes have ended without that: the closing events if the answer is whole all the same, else `undefined`. */
  end(): readonly ModelEvent[] | undefined;
}

export interface ModelCall {
  readonly provider: ProviderName;
  /** Sends the request. The response's body must not have been touched. */
  send(signal: AbortSignal): Promise<Response>;
  readonly mapper: StreamMapper;
  /** `undefined` for what is not the vendor's doing: a bug, which is thrown as it is. */
  toProviderError(error: unknown): ProviderError | undefined;
}

type ByteIterator = AsyncIterator<Uint8Array, undefined, undefined>;

/** Framing takes many times the text: a vendor's event for one token has some 250 bytes. */
const MAX_STREAM_BYTES = 64 * 1024 * 1024;
const MAX_BYTES_AFTER_FINISH = 64 * 1024;
const MAX_WAIT_AFTER_FINISH_MS = 1000;

/** Runs one model call: sends it, cuts the answer into events and has them translated. */
export async function* streamModelEvents(
  call: ModelCall,
  options: StreamOptions,
): AsyncGenerator<ModelEvent, void, undefined> {
  const { signal } = options;
  signal.throwIfAborted();
  // A signal of its own for each call: the caller's may live for a whole run, and would collect the SDK's listeners.
  const abort = new AbortController();
  const onAbort = (): void => abort.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  let chunks: ByteIterator | undefined;
  try {
    // Not kept beyond this line: its headers would live as long as the stream.
    chunks = chunksOf(call.provider, await call.send(abort.signal));
    options.onActivity?.();
    const framer = new SseFramer();
    let bytes = 0;
    for (;;) {
      const chunk = await nextChunk(chunks);
      if (chunk) options.onActivity?.();
      // No answer is so long; what does not end must not fill the memory.
      bytes += chunk?.length ?? 0;
      if (bytes > MAX_STREAM_BYTES) throw new ProviderError(call.provider, 'bad-response');
      for (const event of chunk ? translate(call, framer, chunk) : close(call, framer.end())) {
        signal.throwIfAborted();
        yield event;
      }
      if (!chunk || call.mapper.isFinished) break;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw call.toProviderError(error) ?? error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (call.mapper.isFinished) void drain(chunks);
    else void chunks?.return?.();
  }
}

/** Lazy, so that what stands before a faulty event is still delivered. */
function* translate(
  { provider, mapper }: ModelCall,
  framer: SseFramer,
  chunk: Uint8Array,
): Generator<ModelEvent, void, undefined> {
  for (const event of feed(provider, framer, chunk)) {
    if (event.data === '') continue;
    if (event.data === '[DONE]') return yield* close({ provider, mapper }, undefined);
    yield* mapper.map(parse(provider, event), event.name);
    if (mapper.isFinished) return;
  }
}

/** The bytes have ended. What stands at the very end without a blank line counts if it is whole; else it broke off there. */
function* close(
  { provider, mapper }: Pick<ModelCall, 'provider' | 'mapper'>,
  last: SseEvent | undefined,
): Generator<ModelEvent, void, undefined> {
  const payload = last && tryParse(last.data);
  if (payload) yield* mapper.map(payload, last.name);
  if (mapper.isFinished) return;
  const events = mapper.end();
  if (!events) throw new ProviderError(provider, 'connection');
  yield* events;
}

/** `undefined` at the end of the bytes. A connection that breaks ends them too: whether that matters, the mapper knows. */
async function nextChunk(chunks: ByteIterator): Promise<Uint8Array | undefined> {
  try {
    const result = await chunks.next();
    return result.done ? undefined : result.value;
  } catch {
    return undefined;
  }
}

function feed(provider: ProviderName, framer: SseFramer, chunk: Uint8Array): SseEvent[] {
  try {
    return framer.feed(chunk);
  } catch (error) {
    throw error instanceof SseFormatError ? new ProviderError(provider, 'bad-response') : error;
  }
}

function parse(provider: ProviderName, event: SseEvent): Payload {
  const payload = tryParse(event.data);
  if (!payload) throw new ProviderError(provider, 'bad-response');
  return payload;
}

function tryParse(data: string): Payload | undefined {
  try {
    return asObject(JSON.parse(data));
  } catch {
    return undefined;
  }
}

function chunksOf(provider: ProviderName, response: Response): ByteIterator {
  const body = response.body as AsyncIterable<Uint8Array, undefined, undefined> | null;
  const type = response.headers.get('content-type') ?? '';
  // Servers are careless with the type of a stream, but these two are certainly none.
  if (body && !/^(application\/json|text\/html)\b/i.test(type)) return body[Symbol.asyncIterator]();
  void body?.[Symbol.asyncIterator]().return?.();
  throw new ProviderError(provider, 'bad-response');
}

/** Reads the little that follows the last event, so that the connection can serve the next request. */
async function drain(chunks: ByteIterator | undefined): Promise<void> {
  if (!chunks) return;
  const giveUp = setTimeout(() => void chunks.return?.(), MAX_WAIT_AFTER_FINISH_MS).unref();
  let bytes = 0;
  for (let chunk = await nextChunk(chunks); chunk; chunk = await nextChunk(chunks)) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES_AFTER_FINISH) await chunks.return?.();
  }
  clearTimeout(giveUp);
}

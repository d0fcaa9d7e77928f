/** What a body needs of the connection that feeds it. */
export interface BodySource {
  pause(): void;
  resume(): void;
  /** Closes the socket. */
  abort(reason: Error): void;
}

/** A slow reader stops the socket at this many unread bytes; reading on lets it flow again. */
const HIGH_WATER_BYTES = 64 * 1024;
const LOW_WATER_BYTES = 16 * 1024;

const END: IteratorResult<Uint8Array, undefined> = { done: true, value: undefined };

interface Reader {
  resolve(result: IteratorResult<Uint8Array, undefined>): void;
  reject(reason: Error): void;
}

/**
 * A response body for one reader, as an async iterator and nothing more. What arrived before a failure is read first;
 * then `next()` rejects with it. `return()` in the middle closes the socket.
 */
export class LeanBody implements AsyncIterableIterator<Uint8Array, undefined> {
  #chunks: Uint8Array[] = [];
  #unreadBytes = 0;
  #isPaused = false;
  #reader: Reader | undefined;
  #isEnded = false;
  #failure: Error | undefined;
  readonly #source: BodySource;

  constructor(source: BodySource) {
    this.#source = source;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const chunk = this.#chunks.shift();
    if (chunk) {
      this.#unreadBytes -= chunk.length;
      if (this.#isPaused && this.#unreadBytes <= LOW_WATER_BYTES) {
        this.#isPaused = false;
        this.#source.resume();
      }
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#isEnded) return Promise.resolve(END);
    return new Promise((resolve, reject) => (this.#reader = { resolve, reject }));
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#isEnded) {
      this.#close();
      this.#source.abort(new Error('The response was not read to its end.'));
    }
    return Promise.resolve(END);
  }

  push(chunk: Uint8Array): void {
    if (this.#isEnded) return;
    if (this.#reader) {
      const reader = this.#reader;
      this.#reader = undefined;
      reader.resolve({ done: false, value: chunk });
      return;
    }
    this.#chunks.push(chunk);
    this.#unreadBytes += chunk.length;
    if (!this.#isPaused && this.#unreadBytes >= HIGH_WATER_BYTES) {
      this.#isPaused = true;
      this.#source.pause();
    }
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#reader?.resolve(END);
    this.#reader = undefined;
  }

  fail(reason: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#failure = reason instanceof Error ? reason : new Error('The response failed.', { cause: reason });
    this.#reader?.reject(this.#failure);
    this.#reader = undefined;
  }

  /** An abort is not worth reading towards: what is unread is dropped. */
  abort(reason: unknown): void {
    if (this.#isEnded) return;
    this.#chunks = [];
    this.fail(reason);
  }

  #close(): void {
    this.#chunks = [];
    this.#unreadBytes = 0;
    this.end();
  }
}

import { Agent, type Dispatcher } from 'undici';
import { LeanBody } from './lean-body.js';

export type LeanFetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>;

export const PROVIDER_FETCH = Symbol('PROVIDER_FETCH');

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_SOCKET_MS = 30_000;
/** An open stream holds a connection; requests beyond this wait for a free one. */
const CONNECTIONS_PER_ORIGIN = 1024;
/** Only error bodies are read as text, and they are short. */
const MAX_TEXT_BYTES = 256 * 1024;

/**
 * `fetch` as the vendors' SDKs use it, straight over undici's dispatcher: a fraction of the cost of the platform's.
 *
 * - The body is an async iterator of bytes with back pressure, not a web stream; `headers` is a real `Headers`.
 * - Redirects are handed back as they are, never followed: a key must not travel to another host.
 * - No deadlines but the one for connecting; aborting the signal closes the socket and rejects with its reason.
 */
export function createLeanFetch(dispatcher: Dispatcher = createAgent()): LeanFetch {
  return (url, init = {}) =>
    new Promise((resolve, reject) => new Exchange(url, init, resolve, reject).dispatch(dispatcher));
}

function createAgent(): Agent {
  return new Agent({
    pipelining: 1,
    connections: CONNECTIONS_PER_ORIGIN,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE_SOCKET_MS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
  });
}

/** Shared by all adapters, so that they share its connections. Idle sockets do not keep the process alive. */
export const leanFetch = createLeanFetch();

/** One request and its response. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #url: URL;
  readonly #init: RequestInit;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (reason: unknown) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #body: LeanBody | undefined;

  constructor(
    url: string | URL | Request,
    init: RequestInit,
    resolve: (response: Response) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#url = new URL(url instanceof Request ? url.url : url);
    this.#init = init;
    this.#signal = init.signal ?? undefined;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  dispatch(dispatcher: Dispatcher): void {
    if (this.#signal?.aborted) return this.#reject(this.#signal.reason);
    const body = this.#init.body ?? null;
    if (body !== null && typeof body !== 'string')
      return this.#reject(new TypeError('Only text bodies are sent.'));
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
    try {
      dispatcher.dispatch(
        {
          origin: this.#url.origin,
          path: this.#url.pathname + this.#url.search,
          method: this.#init.method ?? 'GET',
          headers:
            this.#init.headers instanceof Headers ? this.#init.headers : new Headers(this.#init.headers),
          // Bytes of its own: a short text would be put into one of Node's shared 64 KiB buffers, and keep that alive for as
          // long as its stream is open.
          body: body === null ? null : encoder.encode(body),
        },
        this,
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal?.aborted) controller.abort(abortError());
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (status < 200) return;
    this.#body = new LeanBody(controller);
    this.#resolve(
      new LeanResponse(status, toHeaders(headers), this.#url.href, this.#body) as unknown as Response,
    );
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body?.push(chunk);
  }

  onResponseEnd(): void {
    this.#release();
    this.#body?.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#signal?.reason;
    this.#body?.abort(reason);
    this.#reject(reason);
    this.#controller?.abort(abortError());
  };

  #fail(error: unknown): void {
    this.#release();
    this.#body?.fail(error);
    this.#reject(error);
  }

  #release(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}

const encoder = new TextEncoder();

/** The parts of a Response that the SDKs and our stream reader touch. */
class LeanResponse {
  readonly ok: boolean;
  readonly statusText = '';
  readonly redirected = false;

  constructor(
    readonly status: number,
    readonly headers: Headers,
    readonly url: string,
    readonly body: LeanBody,
  ) {
    this.ok = status >= 200 && status < 300;
  }

  async text(): Promise<string> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of this.body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_TEXT_BYTES) break;
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
}

function toHeaders(fields: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const headers = new Headers();
  for (const name in fields) {
    const value = fields[name];
    if (typeof value === 'string') headers.append(name, value);
    else for (const each of value ?? []) headers.append(name, each);
  }
  return headers;
}

function abortError(): Error {
  return new Error('The request was aborted.');
}

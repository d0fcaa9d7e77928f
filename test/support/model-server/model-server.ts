import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { anthropicWire } from './anthropic-wire.js';
import { openAiChatWire } from './openai-chat-wire.js';
import { openAiResponsesWire } from './openai-responses-wire.js';
import { playReply } from './play-reply.js';
import type { ScriptedReply } from './scripted-reply.js';
import { isObject, type JsonBody, type Wire, type WireRequest } from './wire.js';

/** A request as it arrived, and what became of its socket. */
export interface ReceivedRequest extends WireRequest {
  readonly wire: Wire['name'] | undefined;
  readonly method: string;
  /** `performance.now()` when the whole body was there. */
  readonly receivedAt: number;
  /** `performance.now()` when the client went away before the answer was complete. */
  clientClosedAt: number | undefined;
  /** `performance.now()` when the whole answer was sent. */
  completedAt: number | undefined;
  /** What the strict validation found, when it refused the request. */
  refusal: string | undefined;
  /** Settles when the exchange is over; the value tells whether the client left early. */
  readonly closed: Promise<{ readonly byClient: boolean }>;
}

export type ReplySource =
  ScriptedReply | ((request: ReceivedRequest) => ScriptedReply | Promise<ScriptedReply>);

const WIRES: readonly Wire[] = [anthropicWire, openAiChatWire, openAiResponsesWire];

/**
 * A model vendor on a local port, speaking the real wires of Anthropic Messages, OpenAI Chat Completions, OpenAI Responses
 * and Azure OpenAI, streaming or not, as the request asks. It refuses what the vendors refuse, and breaks where it is
 * told to. Replies are queued; without one in the queue `always` answers, and without that the request fails with 501.
 */
export class ModelServer {
  readonly requests: ReceivedRequest[] = [];
  readonly #server: Server;
  readonly #queue: ReplySource[] = [];
  #always: ReplySource | undefined;
  #open = 0;
  #connections = 0;
  readonly #arrivals = new Set<() => void>();

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on('connection', (socket) => {
      this.#connections++;
      socket.setNoDelay(true);
    });
  }

  static async start(port = 0): Promise<ModelServer> {
    const server = new ModelServer();
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    return server;
  }

  /** Origin without a path: `http://127.0.0.1:54321`. OpenAI's SDK wants `/v1` behind it. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get openRequests(): number {
    return this.#open;
  }

  /** TCP connections accepted so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Replies that no request has taken yet. */
  get unconsumed(): number {
    return this.#queue.length;
  }

  /** One reply per request, in this order. */
  enqueue(...replies: ReplySource[]): this {
    this.#queue.push(...replies);
    return this;
  }

  /** For every request that finds the queue empty. */
  always(reply: ReplySource): this {
    this.#always = reply;
    return this;
  }

  /** The latest request. */
  get lastRequest(): ReceivedRequest {
    const request = this.requests.at(-1);
    if (!request) throw new Error('The model server has received no request.');
    return request;
  }

  /** Resolves once `count` requests have arrived in all; bounded, so that a test fails instead of hanging. */
  async received(count: number, withinMs = 5_000): Promise<ReceivedRequest> {
    const isThere = (): ReceivedRequest | undefined => this.requests[count - 1];
    if (!isThere()) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          this.#arrivals.delete(check);
          reject(
            new Error(`Only ${this.requests.length} of ${count} requests arrived within ${withinMs} ms.`),
          );
        }, withinMs);
        const check = (): void => {
          if (!isThere()) return;
          clearTimeout(timer);
          this.#arrivals.delete(check);
          resolve();
        };
        this.#arrivals.add(check);
      });
    }
    return this.requests[count - 1]!;
  }

  /** Forgets requests, queue and `always`; open exchanges go on. */
  reset(): this {
    this.requests.length = 0;
    this.#queue.length = 0;
    this.#always = undefined;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#open++;
    const url = new URL(incoming.url ?? '/', 'http://model');
    const wire = WIRES.find((candidate) => candidate.matches(url.pathname));
    const closed = new Promise<{ byClient: boolean }>((resolve) => {
      response.once('close', () => {
        this.#open--;
        resolve({ byClient: !response.writableFinished });
      });
    });
    try {
      const raw = await readBody(incoming);
      const body = parseBody(raw);
      const request: ReceivedRequest = {
        wire: wire?.name,
        method: incoming.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: flatten(incoming.headers),
        body: body ?? {},
        receivedAt: performance.now(),
        clientClosedAt: undefined,
        completedAt: undefined,
        refusal: undefined,
        closed,
      };
      response.once('close', () => {
        if (response.writableFinished) request.completedAt = performance.now();
        else request.clientClosedAt = performance.now();
      });
      this.requests.push(request);
      for (const check of [...this.#arrivals]) check();
      if (!wire || request.method !== 'POST')
        return sendJson(response, 404, { error: { message: 'unknown route' } });
      const refusal = body ? wire.validate(request) : { message: 'The body is not a JSON object.' };
      if (refusal) {
        request.refusal = refusal.message;
        const status = refusal.status ?? 400;
        return sendJson(response, status, wire.errorBody(status, refusal.message));
      }
      const source = this.#queue.shift() ?? this.#always;
      if (!source)
        return sendJson(response, 501, wire.errorBody(501, 'no reply was scripted for this request'));
      await playReply(response, wire, request, typeof source === 'function' ? await source(request) : source);
    } catch (error) {
      if (!response.destroyed) response.destroy(error instanceof Error ? error : undefined);
    }
  }
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function parseBody(raw: string): JsonBody | undefined {
  try {
    const body: unknown = JSON.parse(raw);
    return isObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

function flatten(headers: IncomingMessage['headers']): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

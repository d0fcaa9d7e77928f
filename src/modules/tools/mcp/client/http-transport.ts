import { AsyncLocalStorage } from 'node:async_hooks';
import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import { boundedResponse } from './bounded-body.js';
import { CONNECTION_ENDED, TOO_LARGE } from './mcp-failure.js';
import { Pace } from './pace.js';

/** How long a stream may stay open after its answer, so that the server can end it itself. */
const GRACE_MS = 1_000;

type SendOptions = Parameters<StreamableHTTPClientTransport['send']>[1];

/** A request whose answer is still awaited. */
interface OpenRequest {
  readonly ended: AbortController;
  isTooLarge: boolean;
}

export interface HttpTransportOptions {
  readonly url: URL;
  readonly fetch: typeof fetch;
  readonly headers: Readonly<Record<string, string>>;
  /** The stream on which the server tells of changes ended; it is opened again after a while. */
  readonly onStreamEnd: () => void;
}

/**
 * Streamable HTTP with an end for everything: answers are bounded, a stream that ends without an answer fails its request
 * at once, a request that was given up on closes its stream in both generations of the protocol, and streams are opened
 * again at our pace, not at the server's.
 */
export class HttpTransport extends StreamableHTTPClientTransport {
  private readonly open = new Map<unknown, OpenRequest>();
  private readonly sending: AsyncLocalStorage<OpenRequest>;

  constructor({ url, fetch, headers, onStreamEnd }: HttpTransportOptions) {
    const sending = new AsyncLocalStorage<OpenRequest>();
    const pace = new Pace();
    super(url, {
      fetch: async (address, init) => {
        const request = sending.getStore();
        const response = await fetch(address, init);
        return boundedResponse(response, () => {
          if (request) request.isTooLarge = true;
        });
      },
      // A fixed credential must not be carried to wherever the server points.
      requestInit: { headers, redirect: 'error' },
      reconnectionOptions: {
        initialReconnectionDelay: 1_000,
        maxReconnectionDelay: 60_000,
        reconnectionDelayGrowFactor: 2,
        maxRetries: 1_000,
      },
      reconnectionScheduler: (reconnect) => {
        onStreamEnd();
        const timer = setTimeout(reconnect, pace.next()).unref();
        return () => clearTimeout(timer);
      },
      onInsufficientScope: 'throw',
    });
    this.sending = sending;
  }

  override async send(message: JSONRPCMessage, options?: SendOptions): Promise<void> {
    if (isJSONRPCNotification(message) && message.method === 'notifications/cancelled') {
      // Told first, then hung up on: whoever stops at the end of the stream alone is told twice.
      return super.send(message, options).finally(() => this.settle(message.params?.requestId));
    }
    if (!isJSONRPCRequest(message)) return super.send(message, options);
    const request: OpenRequest = { ended: new AbortController(), isTooLarge: false };
    this.open.set(message.id, request);
    const { requestSignal } = options ?? {};
    const signals = [request.ended.signal, ...(requestSignal ? [requestSignal] : [])];
    try {
      await this.sending.run(request, () =>
        super.send(message, {
          ...options,
          requestSignal: AbortSignal.any(signals),
          onRequestStreamEnd: () => {
            options?.onRequestStreamEnd?.();
            this.failUnanswered(message.id);
          },
        }),
      );
    } catch (error) {
      this.open.delete(message.id);
      throw request.isTooLarge ? new Error(TOO_LARGE, { cause: error }) : error;
    }
    requestSignal?.addEventListener('abort', () => this.open.delete(message.id), { once: true });
  }

  /** Forgets answered requests; the SDK sets `onmessage` itself. */
  watchAnswers(): void {
    const { onmessage } = this as Transport;
    this.onmessage = (message) => {
      if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) this.answered(message.id);
      onmessage?.(message);
    };
  }

  override async close(): Promise<void> {
    for (const id of [...this.open.keys()]) this.settle(id);
    await super.close();
  }

  /** Given up on: its stream is of no use any more. */
  private settle(id: unknown): void {
    const request = this.open.get(id);
    this.open.delete(id);
    request?.ended.abort();
  }

  private answered(id: unknown): void {
    const request = this.open.get(id);
    this.open.delete(id);
    if (request) setTimeout(() => request.ended.abort(), GRACE_MS).unref();
  }

  private failUnanswered(id: string | number): void {
    const request = this.open.get(id);
    if (!request) return;
    this.open.delete(id);
    const message = request.isTooLarge ? TOO_LARGE : CONNECTION_ENDED;
    this.onmessage?.({ jsonrpc: '2.0', id, error: { code: -32_000, message } });
  }
}

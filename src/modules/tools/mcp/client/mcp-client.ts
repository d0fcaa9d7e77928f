import {
  type CallToolResult,
  Client,
  type McpSubscription,
  type Progress,
  type Transport,
} from '@modelcontextprotocol/client';
import { z } from 'zod';
import type { JsonObject, JsonSchema } from '../../../../shared/llm/json.js';
import { HttpTransport } from './http-transport.js';
import { McpFailure, toMcpFailure } from './mcp-failure.js';
import { Pace } from './pace.js';

const CONNECT_TIMEOUT_MS = 10_000;
const LIST_TIMEOUT_MS = 15_000;
const CLOSE_TIMEOUT_MS = 2_000;
const MAX_PAGES = 50;
const MAX_LISTED = 2_000;

/** Only what is needed to go on: each tool is judged for itself, so that a bad one does not take the others with it. */
const toolPage = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().optional() });

export interface McpClientOptions {
  readonly version: string;
  /** `onStreamEnd` is to be called when the connection on which the server tells of changes ended. */
  readonly transport: (onStreamEnd: () => void) => Transport;
  /** The server says that its tools are others now. */
  readonly onToolsChanged?: () => void;
  /** Something ended that should have lasted: time to look whether the server is there. */
  readonly onTrouble?: () => void;
}

export interface McpCall {
  readonly name: string;
  readonly arguments: JsonObject;
  /** As the server gave it: newer servers want some arguments in headers as well. */
  readonly inputSchema: JsonSchema;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * A connection to one server, in whichever generation of the protocol it speaks: it is asked for the newer one first
 * (`server/discover`, 2026-07-28), and greeted in the older (`initialize`, 2024-10-07 to 2025-11-25) when it does not know
 * it. All methods throw `McpFailure`.
 */
export class McpClient {
  private readonly pace = new Pace();
  private closing: Promise<void> | undefined;
  private forgetSignal: () => void = () => undefined;
  private isRetired = false;
  private calls = 0;

  private constructor(
    private readonly client: Client,
    private readonly transport: Transport,
    private readonly options: McpClientOptions,
  ) {}

  /** `signal` ends the connection, also later. */
  static async connect(options: McpClientOptions, signal: AbortSignal): Promise<McpClient> {
    const transport = options.transport(() => options.onTrouble?.());
    const client = new Client(
      { name: 'perch', version: options.version },
      {
        versionNegotiation: { mode: 'auto' },
        // Nothing is promised: no sampling, no questions to the user, no files.
        capabilities: {},
        inputRequired: { autoFulfill: false },
        // Results are for the model to read, not for us to compile a stranger's schema for.
        jsonSchemaValidator: {
          getValidator: () => (data) => ({ valid: true, data: data as never, errorMessage: undefined }),
        },
        ...(options.onToolsChanged
          ? {
              listChanged: {
                tools: { autoRefresh: false, debounceMs: 0, onChanged: () => options.onToolsChanged?.() },
              },
            }
          : {}),
      },
    );
    // Without a listener of ours the SDK says nothing; what matters comes back as a rejected request.
    client.onerror = () => undefined;
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]);
    try {
      await abortable(client.connect(transport, { timeout: CONNECT_TIMEOUT_MS, signal: deadline }), deadline);
    } catch (error) {
      await client.close().catch(() => undefined);
      await transport.close().catch(() => undefined);
      throw toMcpFailure(error, signal);
    }
    if (transport instanceof HttpTransport) transport.watchAnswers();
    const connected = new McpClient(client, transport, options);
    client.onclose = () => connected.ended();
    const end = (): void => void connected.close();
    signal.addEventListener('abort', end, { once: true });
    connected.forgetSignal = () => signal.removeEventListener('abort', end);
    connected.watch(client.autoOpenedSubscription);
    return connected;
  }

  get protocolVersion(): string {
    return this.client.getNegotiatedProtocolVersion() ?? 'unknown';
  }

  /** All pages, as the server sent them; at most MAX_LISTED tools. */
  async listTools(signal: AbortSignal): Promise<readonly unknown[]> {
    if (!this.client.getServerCapabilities()?.tools) return [];
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(LIST_TIMEOUT_MS)]);
    const tools: unknown[] = [];
    const cursors = new Set<string>();
    let cursor: string | undefined;
    try {
      for (let page = 0; page < MAX_PAGES && tools.length < MAX_LISTED; page += 1) {
        const answer = await this.client.request(
          { method: 'tools/list', params: cursor === undefined ? {} : { cursor } },
          toolPage,
          { timeout: LIST_TIMEOUT_MS, signal: deadline },
        );
        tools.push(...answer.tools.slice(0, MAX_LISTED));
        cursor = answer.nextCursor;
        if (cursor === undefined || cursors.has(cursor)) break;
        cursors.add(cursor);
      }
    } catch (error) {
      throw toMcpFailure(error, signal);
    }
    return tools.slice(0, MAX_LISTED);
  }

  async callTool(call: McpCall): Promise<CallToolResult> {
    this.calls += 1;
    try {
      return await this.client.callTool(
        { name: call.name, arguments: call.arguments },
        {
          toolDefinition: { name: call.name, inputSchema: call.inputSchema as { type: 'object' } },
          timeout: call.timeoutMs,
          signal: call.signal,
          onprogress: call.onProgress,
        },
      );
    } catch (error) {
      throw toMcpFailure(error, call.signal);
    } finally {
      this.calls -= 1;
      if (this.isRetired && this.calls === 0) void this.close();
    }
  }

  /** No more calls come; the connection is closed when those that are under way have ended. */
  retire(): void {
    this.isRetired = true;
    if (this.calls === 0) void this.close();
  }

  /** At once, whatever is under way. Never rejects. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    const { client, transport } = this;
    this.forgetSignal();
    const ended = async (): Promise<void> => {
      if (transport instanceof HttpTransport) await transport.terminateSession().catch(() => undefined);
      await client.close().catch(() => undefined);
    };
    const deadline = AbortSignal.timeout(CLOSE_TIMEOUT_MS);
    await abortable(ended(), deadline).catch(() => transport.close().catch(() => undefined));
  }

  private get isOver(): boolean {
    return this.closing !== undefined || this.isRetired;
  }

  private ended(): void {
    if (!this.isOver) this.options.onTrouble?.();
  }

  /** Newer servers tell of changes on a stream that was asked for: it is asked for again when it ends. */
  private watch(subscription: McpSubscription | undefined): void {
    void subscription?.closed.then((cause) => {
      if (cause === 'local' || this.isOver) return;
      this.options.onTrouble?.();
      setTimeout(() => {
        if (this.isOver) return;
        this.client
          .listen({ toolsListChanged: true }, { timeout: CONNECT_TIMEOUT_MS })
          .then((again) => this.watch(again))
          .catch(() => this.ended());
      }, this.pace.next()).unref();
    });
  }
}

/** What does not settle by itself is not waited for any longer than the signal says. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new McpFailure('timeout'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

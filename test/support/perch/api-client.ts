import { readAllEvents, type StreamedEvent } from './sse-client.js';

/** Speaks HTTP as one caller. */
export class ApiClient {
  constructor(
    readonly url: string,
    readonly token?: string,
  ) {}

  get(path: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return this.send('GET', path, undefined, headers, signal);
  }

  post(
    path: string,
    body?: unknown,
    options: { headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<Response> {
    return this.send('POST', path, body, options.headers, options.signal);
  }

  patch(path: string, body: unknown): Promise<Response> {
    return this.send('PATCH', path, body);
  }

  put(path: string, body: unknown): Promise<Response> {
    return this.send('PUT', path, body);
  }

  delete(path: string): Promise<Response> {
    return this.send('DELETE', path);
  }

  /** `POST /agent/chat`; fails the test when the answer is no 200. */
  async chat(body: unknown): Promise<ChatAnswer> {
    const response = await this.post('/api/v1/agent/chat', body);
    if (response.status !== 200) throw new Error(`chat: ${response.status} ${await response.text()}`);
    return (await response.json()) as ChatAnswer;
  }

  /** `POST /agent/chat/stream`, read to its end. */
  async stream(body: unknown): Promise<StreamedEvent[]> {
    const response = await this.post('/api/v1/agent/chat/stream', body);
    if (response.status !== 200) throw new Error(`stream: ${response.status} ${await response.text()}`);
    return readAllEvents(response.body!);
  }

  private send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  }
}

let accounts = 0;

/** Registers an account of its own there and speaks with its token. */
export async function registerUser(url: string): Promise<ApiClient> {
  accounts += 1;
  const registered = await new ApiClient(url).post('/api/v1/auth/register', {
    email: `user-${accounts}-${process.pid}@example.com`,
    password: 'correct horse battery',
  });
  if (registered.status !== 201) throw new Error(`registering failed: ${await registered.text()}`);
  const { access_token: token } = (await registered.json()) as { access_token: string };
  return new ApiClient(url, token);
}

/** The value of a metric line, or 0: `agent_requests_total{status="completed"}`. */
export async function readMetric(url: string, line: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const found = text.split('\n').find((row) => row.startsWith(`${line} `));
  return found ? Number(found.slice(line.length + 1)) : 0;
}

/** The chat answer as the wire has it. */
export interface ChatAnswer {
  readonly run_id: string;
  readonly session_id: string;
  readonly message_id: string | null;
  readonly content: string;
  readonly tool_calls: readonly {
    readonly tool_call_id: string;
    readonly tool_name: string;
    readonly input: unknown;
    readonly result: unknown;
    readonly is_error: boolean;
    readonly duration_ms: number;
  }[];
  readonly finish_reason: string;
  readonly stop_reason: string;
  readonly model: string;
  readonly prompt: { readonly name: string; readonly version: number } | null;
  readonly usage: {
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly cache_read_tokens: number;
    readonly cache_write_tokens: number;
    readonly total_tokens: number;
    readonly source: string;
  };
  readonly cost_usd: string | null;
  readonly cached: boolean;
  readonly latency_ms: number;
}

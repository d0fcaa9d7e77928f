import type { ScriptedReply } from './scripted-reply.js';

/** One event of a stream before framing. `data` is JSON unless it is text. */
export interface WireEvent {
  readonly event?: string;
  readonly data: object | string;
}

/** Why a vendor would refuse the request; goes out as HTTP 400 (or `status`) in the vendor's shape. */
export interface Refusal {
  readonly status?: number;
  readonly message: string;
}

/** The parts of a request that a wire looks at. */
export interface WireRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: JsonBody;
}

/** Parsed, unknown JSON: the checks narrow it down. */
export type JsonBody = { readonly [key: string]: unknown };

/** How one vendor speaks. */
export interface Wire {
  readonly name: 'anthropic' | 'openai-chat' | 'openai-responses';
  matches(path: string): boolean;
  /** What the vendor's own validation would say. */
  validate(request: WireRequest): Refusal | undefined;
  stream(reply: ScriptedReply, request: WireRequest): WireEvent[];
  json(reply: ScriptedReply, request: WireRequest): object;
  errorBody(status: number, message: string): object;
  errorEvent(type: string, code: string | undefined): WireEvent;
  /** What keeps a silent stream alive; `undefined`: a comment. */
  ping(): WireEvent | undefined;
}

export function isObject(value: unknown): value is JsonBody {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asArray(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

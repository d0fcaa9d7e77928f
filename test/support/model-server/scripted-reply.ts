/** What the model "says", whatever the wire. Everything is optional: `{ text: 'Hello' }` is a complete answer. */
export interface ScriptedReply {
  readonly text?: string;
  readonly reasoning?: string;
  /** Anthropic's signature, Responses' encrypted content. `null`: a vendor that sends none. */
  readonly reasoningSignature?: string | null;
  /** Anthropic: a `redacted_thinking` block with this payload before the text. */
  readonly redactedReasoning?: string;
  readonly toolCalls?: readonly ScriptedToolCall[];
  /** Tokens. Left out: `DEFAULT_USAGE`. `null`: the vendor reports none. */
  readonly usage?: ScriptedUsage | null;
  /** One of our four words is translated for the wire; any other goes out as it is. `null`: the stream just ends. */
  readonly finish?: string | null;
  /** Characters per delta; the whole text in one when left out. */
  readonly chunkSize?: number;
  /** Wait between two events. */
  readonly delayMs?: number;
  /** Cuts the bytes into pieces of this size, through events and characters alike. */
  readonly splitBytes?: number;
  readonly fault?: ScriptedFault;
  /** CR LF instead of LF. */
  readonly crlf?: boolean;
  /** A comment line before every event. */
  readonly comments?: boolean;
  /** Anthropic's `ping` before every event, comments on the other wires. */
  readonly pings?: boolean;
  /** `data:{…}` instead of `data: {…}`. */
  readonly tightData?: boolean;
  /** Wait between the last event and the end of the body. */
  readonly lateEndMs?: number;
  /** OpenAI chat: no `[DONE]` at the end. */
  readonly omitDone?: boolean;
  /** Headers of a good answer, for example `x-request-id`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ways in which servers that copy OpenAI's chat wire differ from it. */
  readonly quirks?: ChatQuirks;
}

export interface ScriptedToolCall {
  readonly id?: string;
  readonly name: string;
  /** Text goes out as it is, broken JSON included. */
  readonly arguments: object | string;
}

export interface ScriptedUsage {
  /** Everything the model read, cache included: what Anthropic spreads over three figures. */
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly reasoning?: number;
}

export interface ChatQuirks {
  /** `interleaved`: the pieces of all calls in turn. `whole`: each call in one chunk. */
  readonly toolCalls?: 'interleaved' | 'whole';
  /** No `index` on tool calls (needs `whole`, as the servers that do this). */
  readonly omitIndex?: boolean;
  /** The id and the name on every piece. */
  readonly repeatIdentity?: boolean;
  /** No `id` on tool calls. */
  readonly omitId?: boolean;
  readonly reasoningField?: 'reasoning_content' | 'reasoning';
  /** The usage on the chunk with the finish reason instead of one of its own. */
  readonly usageWithFinish?: boolean;
}

export type ScriptedFault =
  /** An error answer. Without a body the vendor's own shape is sent. */
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: object | string;
    }
  /** TCP reset before anything was sent. */
  | { readonly resetBeforeHeaders: true }
  | { readonly resetAfterEvents: number }
  | { readonly resetAfterBytes: number }
  /** A clean end of the body in the middle of the answer. */
  | { readonly endAfterEvents: number }
  | { readonly endAfterBytes: number }
  /** Silence; the socket stays open. */
  | { readonly stallAfterEvents: number }
  /** Only pings (comments where the wire has none) every `pingEveryMs` from then on. */
  | { readonly pingForeverAfterEvents: number; readonly pingEveryMs: number }
  | { readonly neverHeaders: true }
  /** The wire's error event instead of the rest. */
  | { readonly errorEventAfterEvents: number; readonly errorType: string; readonly errorCode?: string }
  /** This body instead of the events, with status 200. */
  | { readonly rawSse: string | Buffer; readonly contentType?: string };

export const DEFAULT_USAGE: ScriptedUsage = { input: 11, output: 7 };

/** Cuts by code points, so that a delta never holds half a character. */
export function pieces(text: string, size: number | undefined): string[] {
  if (text === '') return [];
  if (size === undefined) return [text];
  const characters = Array.from(text);
  const cut: string[] = [];
  for (let at = 0; at < characters.length; at += size) cut.push(characters.slice(at, at + size).join(''));
  return cut;
}

export function argumentsText(call: ScriptedToolCall): string {
  return typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments);
}

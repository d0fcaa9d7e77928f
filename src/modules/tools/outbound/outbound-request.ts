/** Whom a request may reach. */
export type OutboundTarget =
  /** A URL that a model or a page chose: public hosts only, GET and HEAD, few headers, at most three checked redirects. */
  | { readonly kind: 'public' }
  /** One origin that the operator named, in their network or not: any method, no redirects. */
  | { readonly kind: 'origin'; readonly origin: string };

export interface OutboundRequest {
  readonly url: string;
  readonly target: OutboundTarget;
  /** Default GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /**
   * Of public targets. `follow` (default): at most three, each checked. `report`: none; where it leads is in `location`, for
   * a caller that has to ask something first.
   */
  readonly redirects?: 'follow' | 'report';
  /** Of the body after decompression; what is longer is cut there. */
  readonly maxBytes: number;
  /** For everything: waiting for a place, names, connecting, redirects, the whole body. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface OutboundResponse {
  /** After redirects. */
  readonly url: string;
  /** Any status is an answer; also a redirect of an operator's origin, which is not followed. */
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** Where a reported redirect leads: absolute, and allowed as far as can be told without asking for addresses. */
  readonly location?: string;
  /** The body was longer than `maxBytes`. */
  readonly truncated: boolean;
}

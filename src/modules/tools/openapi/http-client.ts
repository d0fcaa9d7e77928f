/** The guarded outbound client, as far as these tools use it: one named origin, no redirects, bounded in size and time. */
export interface HttpClient {
  request(request: HttpRequest): Promise<HttpResponse>;
}

export interface HttpRequest {
  readonly url: string;
  readonly target: { readonly kind: 'origin'; readonly origin: string };
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** The body was longer than `maxBytes`. */
  readonly truncated: boolean;
}

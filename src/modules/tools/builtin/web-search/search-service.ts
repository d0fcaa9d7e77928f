import { z } from 'zod';
import type { SearchConfig, WebConfig } from '../../../../config/app-config.js';
import type { OutboundClient } from '../../outbound/outbound-client.js';
import { OutboundFailed, OutboundRefused } from '../../outbound/outbound-errors.js';
import type { OutboundResponse } from '../../outbound/outbound-request.js';
import { type FoundPage, SearchFailure, type SearchFailureReason } from './search-engine.js';

const MAX_ANSWER_BYTES = 1024 * 1024;
/** Entries that are looked at; no engine is asked for as many. */
const MAX_ENTRIES = 100;

/** Statuses that say more than their hundred. 432 and 433 are Tavily's: the plan's limit, the limit of pay-as-you-go. */
const REASONS: Readonly<Record<number, SearchFailureReason>> = {
  400: 'query_refused',
  401: 'not_permitted',
  402: 'not_permitted',
  403: 'not_permitted',
  404: 'not_permitted',
  414: 'query_refused',
  422: 'query_refused',
  429: 'rate_limited',
  432: 'not_permitted',
  433: 'not_permitted',
};

export interface ServiceRequest {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, by POST. */
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** The way to a search service and back, the same for all of them. */
export class SearchService {
  constructor(
    private readonly outbound: OutboundClient,
    private readonly search: SearchConfig,
    private readonly web: Pick<WebConfig, 'timeoutMs'>,
  ) {}

  /** Of the service. A new one each time: adapters add their query. */
  get url(): URL {
    return new URL(this.search.url);
  }

  get apiKey(): string | undefined {
    return this.search.apiKey?.reveal();
  }

  /** The parsed JSON of a 200. Throws SearchFailure. */
  async ask({ url, headers, body, signal }: ServiceRequest): Promise<unknown> {
    const response = await this.send({ url, headers, body, signal });
    if (response.status !== 200) {
      throw new SearchFailure(REASONS[response.status] ?? 'unavailable', `HTTP ${response.status}`);
    }
    if (response.truncated) throw new SearchFailure('unavailable', 'too_large');
    try {
      return JSON.parse(new TextDecoder().decode(response.body)) as unknown;
    } catch {
      throw new SearchFailure('unavailable', 'not_json');
    }
  }

  private async send({ url, headers, body, signal }: ServiceRequest): Promise<OutboundResponse> {
    try {
      return await this.outbound.request({
        url: url.href,
        target: { kind: 'origin', origin: url.origin },
        headers: {
          accept: 'application/json',
          ...headers,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        maxBytes: MAX_ANSWER_BYTES,
        timeoutMs: this.web.timeoutMs,
        signal,
      });
    } catch (error) {
      if (signal.aborted) throw new SearchFailure('cancelled', 'cancelled');
      if (error instanceof OutboundFailed) throw new SearchFailure('unavailable', error.code ?? error.reason);
      if (error instanceof OutboundRefused) throw new SearchFailure('not_permitted', error.reason);
      throw error;
    }
  }
}

/** Entries that are not as the service documents them are left out; a list that is not there is a failure. */
export function readEntries<Entry>(
  list: unknown,
  entry: z.ZodType<Entry>,
  toPage: (entry: Entry) => FoundPage,
): readonly FoundPage[] {
  if (!Array.isArray(list)) throw new SearchFailure('unavailable', 'unexpected_shape');
  return list.slice(0, MAX_ENTRIES).flatMap((raw) => {
    const parsed = entry.safeParse(raw);
    return parsed.success ? [toPage(parsed.data)] : [];
  });
}

/** A member of what may be no object. */
export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

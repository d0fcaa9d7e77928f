import type { OnApplicationShutdown } from '@nestjs/common';
import { Agent, Client, type Dispatcher, fetch as undiciFetch, type RequestInit as UndiciInit } from 'undici';
import { guardedConnector } from './guarded-connector.js';
import { type Network, PUBLIC_INTERNET } from './network.js';
import { OutboundFailed, OutboundRefused } from './outbound-errors.js';
import { toOutboundHeaders, USER_AGENT } from './outbound-headers.js';
import type { OutboundRequest, OutboundResponse } from './outbound-request.js';
import { parsePublicUrl, parseRedirect, type PublicUrlRules } from './parse-public-url.js';
import { comparableName } from './public-name.js';
import { readBody } from './read-body.js';
import { RequestSlots } from './request-slots.js';
import { toOutboundFailure } from './to-outbound-failure.js';

export interface OutboundLimits {
  /** Requests to public hosts at the same time. */
  readonly publicConcurrency: number;
  /** Requests to each origin of the operator at the same time, without `fetchFor`. */
  readonly originConcurrency: number;
  /** Host names under which this installation is reached: no tool calls it through the front door. */
  readonly ownHosts: readonly string[];
}

const MAX_REDIRECTS = 3;
const MAX_HEADER_BYTES = 16 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;
/** Shorter than what servers keep a silent connection for. */
const IDLE_SOCKET_MS = 4_000;
/** Interim answers (1xx) before the real one. */
const MAX_INTERIM = 8;
const CONNECTIONS_PER_ORIGIN = 64;

/**
 * The only way out for tools. It has no cookies, reads no proxy from the environment, and says the same User-Agent
 * everywhere. All that goes wrong is OutboundRefused or OutboundFailed, without a word of the URL, the addresses or the
 * answer.
 */
export class OutboundClient implements OnApplicationShutdown {
  private readonly rules: PublicUrlRules;
  private readonly publicSlots: RequestSlots;
  /** One each, so that an origin that hangs holds up nobody else. As many as the operator named. */
  private readonly originSlots = new Map<string, RequestSlots>();
  private readonly origins = new Agent({
    pipelining: 1,
    connections: CONNECTIONS_PER_ORIGIN,
    allowH2: false,
    useMilo: false,
    maxHeaderSize: MAX_HEADER_BYTES,
    // Deadlines are the caller's; streams of events may be silent for long.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE_SOCKET_MS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
  });

  constructor(
    private readonly limits: OutboundLimits,
    private readonly network: Network = PUBLIC_INTERNET,
  ) {
    this.rules = {
      isPublic: (address) => network.isPublic(address),
      ports: network.ports,
      ownHosts: new Set(limits.ownHosts.map(comparableName)),
    };
    this.publicSlots = new RequestSlots(limits.publicConcurrency);
  }

  /** The address of a public target as it would be asked for. Throws OutboundRefused for what no lookup is needed for. */
  checkPublic(url: string): URL {
    return parsePublicUrl(url, this.rules);
  }

  /** Throws OutboundRefused or OutboundFailed. */
  async request(request: OutboundRequest): Promise<OutboundResponse> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new OutboundFailed('timeout')), request.timeoutMs);
    const signal = AbortSignal.any([request.signal, deadline.signal]);
    try {
      return request.target.kind === 'public'
        ? await this.requestPublic(request, signal)
        : await this.requestOrigin(request, request.target.origin, signal);
    } catch (error) {
      if (deadline.signal.aborted) throw new OutboundFailed('timeout');
      if (request.signal.aborted) throw new OutboundFailed('cancelled');
      throw toOutboundFailure(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * A fetch for libraries, which reaches one origin of the operator: others are OutboundRefused. Redirects are handed back as
   * they are. The body streams; its bounds and deadlines are the caller's.
   */
  fetchFor(origin: string): typeof globalThis.fetch {
    const allowed = new URL(origin).origin;
    return async (input, init) => {
      const { url, ...given } = input instanceof Request ? partsOf(input) : { url: String(input) };
      checkOrigin(url, allowed);
      const options = { ...given, ...init } as UndiciInit;
      const headers = new Headers(options.headers);
      headers.set('accept-encoding', 'identity');
      headers.set('user-agent', USER_AGENT);
      try {
        return await undiciFetch(url, {
          ...options,
          headers: [...headers],
          dispatcher: this.origins,
          redirect: 'manual',
        });
      } catch (error) {
        // Libraries know their own signal's reason; all else would name addresses.
        throw options.signal?.aborted ? error : toOutboundFailure(error);
      }
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.origins.destroy();
  }

  private async requestPublic(request: OutboundRequest, signal: AbortSignal): Promise<OutboundResponse> {
    const { method = 'GET' } = request;
    if ((method !== 'GET' && method !== 'HEAD') || request.body !== undefined) {
      throw new OutboundRefused('method_forbidden');
    }
    const headers = toOutboundHeaders(request.headers ?? {}, request.target);
    let url = parsePublicUrl(request.url, this.rules);
    return this.publicSlots.run(signal, async () => {
      for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
        const answer = await this.hop(url, { ...request, method }, headers, signal);
        if (answer.location === undefined || request.redirects === 'report') return answer;
        url = new URL(answer.location);
      }
      throw new OutboundFailed('too_many_redirects');
    });
  }

  /** One connection for one request, so that none is used again for what another check has allowed. */
  private async hop(
    url: URL,
    request: OutboundRequest & { readonly method: string },
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<OutboundResponse> {
    let interim = 0;
    const client = new Client(url.origin, {
      allowH2: false,
      useMilo: false,
      pipelining: 1,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: guardedConnector(this.network, signal),
    });
    try {
      const answer = await client.request({
        path: url.pathname + url.search,
        method: request.method,
        headers,
        signal,
        reset: true,
        onInfo: () => {
          interim += 1;
          if (interim > MAX_INTERIM)
            void client.destroy(new OutboundFailed('protocol')).catch(() => undefined);
        },
      });
      // Nobody may listen to what a destroyed body says.
      answer.body.on('error', () => undefined);
      const target = redirectOf(answer);
      if (target === undefined) return await toResponse(url, answer, request);
      const location = parseRedirect(url, target, this.rules).href;
      const { statusCode: status } = answer;
      return {
        url: url.href,
        status,
        headers: new Headers(),
        body: new Uint8Array(),
        truncated: false,
        location,
      };
    } finally {
      void client.destroy(new OutboundFailed('connection')).catch(() => undefined);
    }
  }

  private async requestOrigin(
    request: OutboundRequest,
    origin: string,
    signal: AbortSignal,
  ): Promise<OutboundResponse> {
    const url = checkOrigin(request.url, new URL(origin).origin);
    const headers = toOutboundHeaders(request.headers ?? {}, request.target);
    const { method = 'GET', body } = request;
    if (!/^[A-Z]{1,16}$/.test(method) || method === 'CONNECT' || method === 'TRACE') {
      throw new OutboundRefused('method_forbidden');
    }
    return this.slotsOf(url.origin).run(signal, async () => {
      const answer = await this.origins.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers,
        signal,
        ...(body === undefined ? {} : { body }),
      });
      answer.body.on('error', () => undefined);
      return toResponse(url, answer, { ...request, method });
    });
  }

  private slotsOf(origin: string): RequestSlots {
    let slots = this.originSlots.get(origin);
    if (!slots) this.originSlots.set(origin, (slots = new RequestSlots(this.limits.originConcurrency)));
    return slots;
  }
}

/** Compares what was parsed, never text. Throws OutboundRefused. */
function checkOrigin(text: string, allowed: string): URL {
  if (!URL.canParse(text)) throw new OutboundRefused('invalid_url');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw new OutboundRefused('credentials_forbidden');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new OutboundRefused('scheme_forbidden');
  if (url.origin !== allowed) throw new OutboundRefused('origin_forbidden');
  url.hash = '';
  return url;
}

function redirectOf({ statusCode, headers }: Dispatcher.ResponseData): string | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode)) return undefined;
  const { location } = headers;
  const text = Array.isArray(location) ? location[0] : location;
  // Headers are read byte by byte; who writes more than ASCII there means UTF-8.
  return text === undefined ? undefined : Buffer.from(text, 'latin1').toString('utf8');
}

async function toResponse(
  url: URL,
  answer: Dispatcher.ResponseData,
  { method, maxBytes }: { readonly method: string; readonly maxBytes: number },
): Promise<OutboundResponse> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    for (const each of [value ?? []].flat()) headers.append(name, each);
  }
  const encoding = method === 'HEAD' ? null : headers.get('content-encoding');
  const { body, truncated } = await readBody(answer.body, encoding, maxBytes);
  return { url: url.href, status: answer.statusCode, headers, body, truncated };
}

function partsOf(request: Request): { url: string } & RequestInit {
  const { url, method, headers, body, signal } = request;
  return { url, method, headers, signal, ...(body ? { body, duplex: 'half' } : {}) };
}

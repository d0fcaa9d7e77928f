import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** A page as a test means it; every wire has its own words for it. */
export interface WirePage {
  readonly title: string;
  readonly url: string;
  readonly snippet?: string | null;
  readonly published?: string;
}

export interface SearchWire {
  readonly engine: 'searxng' | 'brave' | 'tavily';
  readonly path: string;
  /** Whether a request carries the key where the service wants it, and nowhere else. */
  isAuthorized(request: IncomingMessage, body: string, key: string): boolean;
  /** What a request asks for. */
  read(request: IncomingMessage, body: string): { query: unknown; count: unknown };
  answer(query: string, pages: readonly WirePage[]): unknown;
  /** What a refusal looks like; the services repeat what they were given. */
  refusal(status: number, key: string): unknown;
}

const paramsOf = (request: IncomingMessage): URLSearchParams =>
  new URL(request.url!, 'http://service').searchParams;

/** https://docs.searxng.org/dev/search_api.html */
const searxng: SearchWire = {
  engine: 'searxng',
  path: '/search',
  isAuthorized: ({ headers, url }, _, key) =>
    headers.authorization === `Bearer ${key}` && !url!.includes(key),
  read: (request) => {
    const params = paramsOf(request);
    return {
      query: request.method === 'GET' && params.get('format') === 'json' && params.get('q'),
      count: undefined,
    };
  },
  answer: (query, pages) => ({
    query,
    number_of_results: 0,
    results: pages.map(({ title, url, snippet = '', published }, index) => ({
      url,
      title,
      content: snippet,
      publishedDate: published ?? null,
      engine: 'duckduckgo',
      template: 'default.html',
      parsed_url: ['https', 'a.example', '/', '', '', ''],
      engines: ['duckduckgo'],
      positions: [index + 1],
      score: 1,
      category: 'general',
    })),
    answers: [],
    corrections: [],
    infoboxes: [],
    suggestions: [],
    unresponsive_engines: [['google', 'timeout']],
  }),
  refusal: () => '<!doctype html><title>403 Forbidden</title>',
};

/** https://api-dashboard.search.brave.com/app/documentation/web-search/responses */
const brave: SearchWire = {
  engine: 'brave',
  path: '/res/v1/web/search',
  isAuthorized: ({ headers, url }, _, key) =>
    headers['x-subscription-token'] === key && !url!.includes(key) && headers.authorization === undefined,
  read: (request) => {
    const params = paramsOf(request);
    return { query: params.get('q'), count: Number(params.get('count')) };
  },
  answer: (query, pages) => ({
    type: 'search',
    query: { original: query, show_strict_warning: false, more_results_available: true },
    mixed: { type: 'mixed', main: [], top: [], side: [] },
    ...(pages.length === 0
      ? {}
      : {
          web: {
            type: 'search',
            family_friendly: true,
            results: pages.map(({ title, url, snippet = '', published }) => ({
              type: 'search_result',
              subtype: 'generic',
              title,
              url,
              description: snippet,
              is_source_local: false,
              is_source_both: false,
              family_friendly: true,
              language: 'en',
              profile: { name: 'A', url, long_name: 'a.example', img: '' },
              meta_url: {
                scheme: 'https',
                netloc: 'a.example',
                hostname: 'a.example',
                favicon: '',
                path: '',
              },
              ...(published ? { age: published } : {}),
            })),
          },
        }),
  }),
  refusal: (status, key) => ({
    id: '0',
    status,
    error: { code: 'SUBSCRIPTION_TOKEN_INVALID', detail: `The token ${key} is invalid.`, status },
    type: 'ErrorResponse',
  }),
};

/** https://docs.tavily.com/documentation/api-reference/endpoint/search */
const tavily: SearchWire = {
  engine: 'tavily',
  path: '/search',
  isAuthorized: ({ headers, url }, body, key) =>
    headers.authorization === `Bearer ${key}` && !url!.includes(key) && !body.includes(key),
  read: (request, body) => {
    const { query, max_results: count } = JSON.parse(body) as Record<string, unknown>;
    return { query: request.headers['content-type'] === 'application/json' && query, count };
  },
  answer: (query, pages) => ({
    query,
    answer: null,
    images: [],
    follow_up_questions: null,
    results: pages.map(({ title, url, snippet = '', published }) => ({
      title,
      url,
      content: snippet,
      score: 0.81025416,
      raw_content: null,
      ...(published ? { published_date: published } : {}),
    })),
    response_time: 1.67,
    request_id: '123e4567-e89b-12d3-a456-426614174111',
  }),
  refusal: (_, key) => ({ detail: { error: `Unauthorized: missing or invalid API key ${key}.` } }),
};

export const SEARCH_WIRES: readonly SearchWire[] = [searxng, brave, tavily];

export async function bodyOf(request: IncomingMessage): Promise<string> {
  return text(request);
}

import { z } from 'zod';
import type { FoundPage, SearchEngine, SearchQuery } from './search-engine.js';
import { memberOf, readEntries, type SearchService } from './search-service.js';

const entry = z.object({
  url: z.string(),
  title: z.string(),
  content: z.string().nullish(),
  publishedDate: z.string().nullish(),
});

/**
 * SearXNG, run by the operator. Its settings must allow the format `json`, else it answers 403. It gives a page of results,
 * however many. A key, where one is set, is for the proxy in front of it.
 * https://docs.searxng.org/dev/search_api.html
 */
export class SearxngEngine implements SearchEngine {
  readonly name = 'searxng';

  constructor(private readonly service: SearchService) {}

  async search({ text, signal }: SearchQuery): Promise<readonly FoundPage[]> {
    const { url, apiKey } = this.service;
    url.searchParams.set('q', text);
    url.searchParams.set('format', 'json');
    const answer = await this.service.ask({
      url,
      headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
      signal,
    });
    return readEntries(memberOf(answer, 'results'), entry, ({ url, title, content, publishedDate }) => ({
      url,
      title,
      snippet: content ?? '',
      ...(publishedDate ? { published: publishedDate } : {}),
    }));
  }
}

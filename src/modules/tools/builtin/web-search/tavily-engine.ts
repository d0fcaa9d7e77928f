import { z } from 'zod';
import type { FoundPage, SearchEngine, SearchQuery } from './search-engine.js';
import { memberOf, readEntries, type SearchService } from './search-service.js';

const entry = z.object({
  url: z.string(),
  title: z.string(),
  content: z.string().nullish(),
  published_date: z.string().nullish(),
});

/**
 * Tavily. Its generated answer is not asked for: what a page says should be told from what a model says of it.
 * https://docs.tavily.com/documentation/api-reference/endpoint/search
 */
export class TavilyEngine implements SearchEngine {
  readonly name = 'tavily';

  constructor(private readonly service: SearchService) {}

  async search({ text, count, signal }: SearchQuery): Promise<readonly FoundPage[]> {
    const { url, apiKey = '' } = this.service;
    const answer = await this.service.ask({
      url,
      headers: { authorization: `Bearer ${apiKey}` },
      body: { query: text, max_results: count, search_depth: 'basic' },
      signal,
    });
    return readEntries(memberOf(answer, 'results'), entry, ({ url, title, content, published_date }) => ({
      url,
      title,
      snippet: content ?? '',
      ...(published_date ? { published: published_date } : {}),
    }));
  }
}

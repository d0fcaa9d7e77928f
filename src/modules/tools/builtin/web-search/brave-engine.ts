import { z } from 'zod';
import type { FoundPage, SearchEngine, SearchQuery } from './search-engine.js';
import { memberOf, readEntries, type SearchService } from './search-service.js';

const entry = z.object({
  url: z.string(),
  title: z.string(),
  description: z.string().nullish(),
  age: z.string().nullish(),
});

/**
 * The Brave Search API. Without any hit the member `web` is left out.
 * https://api-dashboard.search.brave.com/app/documentation/web-search/responses
 */
export class BraveEngine implements SearchEngine {
  readonly name = 'brave';

  constructor(private readonly service: SearchService) {}

  async search({ text, count, signal }: SearchQuery): Promise<readonly FoundPage[]> {
    const { url, apiKey = '' } = this.service;
    url.searchParams.set('q', text);
    url.searchParams.set('count', String(count));
    url.searchParams.set('result_filter', 'web');
    url.searchParams.set('text_decorations', 'false');
    const answer = await this.service.ask({ url, headers: { 'x-subscription-token': apiKey }, signal });
    if (memberOf(answer, 'type') === 'search' && memberOf(answer, 'web') === undefined) return [];
    return readEntries(
      memberOf(memberOf(answer, 'web'), 'results'),
      entry,
      ({ url, title, description, age }) => ({
        url,
        title,
        snippet: description ?? '',
        ...(age ? { published: age } : {}),
      }),
    );
  }
}

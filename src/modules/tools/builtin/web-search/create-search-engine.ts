import type { SearchConfig, WebConfig } from '../../../../config/app-config.js';
import type { OutboundClient } from '../../outbound/outbound-client.js';
import { BraveEngine } from './brave-engine.js';
import type { SearchEngine } from './search-engine.js';
import { SearchService } from './search-service.js';
import { SearxngEngine } from './searxng-engine.js';
import { TavilyEngine } from './tavily-engine.js';

/** The engine that the settings name. */
export function createSearchEngine(
  search: SearchConfig,
  web: Pick<WebConfig, 'timeoutMs'>,
  outbound: OutboundClient,
): SearchEngine {
  const service = new SearchService(outbound, search, web);
  switch (search.engine) {
    case 'searxng':
      return new SearxngEngine(service);
    case 'brave':
      return new BraveEngine(service);
    case 'tavily':
      return new TavilyEngine(service);
  }
}

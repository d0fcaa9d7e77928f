import type { WebConfig } from '../../../../config/app-config.js';
import type { Clock } from '../../../../shared/context/clock.js';
import type { OutboundClient } from '../../outbound/outbound-client.js';
import { OutboundFailed } from '../../outbound/outbound-errors.js';
import type { OutboundResponse } from '../../outbound/outbound-request.js';
import { ToolError } from '../../tool.js';
import type { RobotsGuard } from './robots-guard.js';

const MAX_REDIRECTS = 3;
const ACCEPT =
  'text/html,application/xhtml+xml,text/markdown;q=0.9,text/plain;q=0.9,application/json;q=0.8,' +
  'application/xml;q=0.8,text/*;q=0.7,*/*;q=0.1';

export interface PageRequest {
  readonly url: string;
  readonly outbound: OutboundClient;
  readonly robots: RobotsGuard;
  /** `timeoutMs` is for all of it: rules, redirects, the page. */
  readonly web: Pick<WebConfig, 'timeoutMs' | 'maxBytes'>;
  readonly clock: Clock;
  /** For whom: the user's id. */
  readonly owner: string;
  readonly signal: AbortSignal;
  readonly reportProgress: (message: string) => void;
}

/**
 * Asks for a page after its site's robots.txt has allowed it, and so at each redirect. Any status is an answer. Throws
 * ToolError when the site wants no robots; OutboundRefused; OutboundFailed.
 */
export async function fetchPage(request: PageRequest): Promise<OutboundResponse> {
  const { outbound, web, clock, signal } = request;
  const end = clock.monotonicMs() + web.timeoutMs;
  const left = (): number => {
    const ms = Math.ceil(end - clock.monotonicMs());
    if (ms <= 0) throw new OutboundFailed('timeout');
    return ms;
  };
  let url = outbound.checkPublic(request.url);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    await askRobots(url, left(), request);
    request.reportProgress(`reading ${url.hostname}`);
    const answer = await outbound.request({
      url: url.href,
      target: { kind: 'public' },
      redirects: 'report',
      headers: { accept: ACCEPT },
      maxBytes: web.maxBytes,
      timeoutMs: left(),
      signal,
    });
    if (answer.location === undefined) return answer;
    url = outbound.checkPublic(answer.location);
  }
  throw new OutboundFailed('too_many_redirects');
}

async function askRobots(url: URL, timeoutMs: number, { robots, owner, signal }: PageRequest): Promise<void> {
  switch (await robots.ask(url, { owner, timeoutMs, signal })) {
    case 'allowed':
      return;
    case 'disallowed':
      throw new ToolError(
        'robots_disallowed',
        'The site does not want programs to read this page (robots.txt). Use another source, or ask the user to look.',
      );
    case 'unreachable':
      throw new ToolError(
        'robots_unreachable',
        'The site did not say whether programs may read it: its robots.txt could not be had, most likely because the site ' +
          'does not answer. Check the address, or use another source.',
      );
  }
}

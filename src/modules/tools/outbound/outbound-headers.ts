import { OutboundRefused } from './outbound-errors.js';
import type { OutboundTarget } from './outbound-request.js';

/** The same for every request: sites can tell who comes, and rules in robots.txt can name it. */
export const PRODUCT_TOKEN = 'Perch';
export const USER_AGENT = `${PRODUCT_TOKEN}/1.0 (AI agent; acts for a person)`;

/** What a request to a URL that a model chose may carry: nothing that says who asks, or that a metadata service wants. */
const PUBLIC_HEADERS: ReadonlySet<string> = new Set(['accept', 'accept-language']);

/** The connection's own: set here, or not at all. */
const CONNECTION_HEADERS =
  /^(host|connection|content-length|transfer-encoding|te|trailer|upgrade|keep-alive|expect|accept-encoding|user-agent|proxy-.*)$/;

const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
const UNSAFE_VALUE = /[^\t\u0020-\u007e\u0080-\u00ff]/;

/** Throws OutboundRefused for headers that this kind of target must not get. */
export function toOutboundHeaders(
  given: Readonly<Record<string, string>>,
  target: OutboundTarget,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [written, value] of Object.entries(given)) {
    const name = written.toLowerCase();
    const isAllowed =
      target.kind === 'public' ? PUBLIC_HEADERS.has(name) : NAME.test(name) && !CONNECTION_HEADERS.test(name);
    if (!isAllowed || UNSAFE_VALUE.test(value)) throw new OutboundRefused('header_forbidden');
    headers[name] = value;
  }
  return { ...headers, 'accept-encoding': 'gzip, deflate, br', 'user-agent': USER_AGENT };
}

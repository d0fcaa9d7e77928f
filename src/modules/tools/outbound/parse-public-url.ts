import { isIP } from 'node:net';
import { OutboundRefused } from './outbound-errors.js';
import { comparableName, isPublicName } from './public-name.js';
import type { Network } from './network.js';

const MAX_URL_LENGTH = 4096;
/** Parsers differ on these, or drop them silently. */
const AMBIGUOUS = /[\p{Cc}\p{Cf}\p{Z}\\]/u;
const ABSOLUTE = /^(https?):\/\/([^/?#]+)/i;

export interface PublicUrlRules extends Pick<Network, 'isPublic' | 'ports'> {
  /** Names that lead back to this installation. */
  readonly ownHosts: ReadonlySet<string>;
}

/**
 * Reads a URL that a model or a page chose, strictly. What the host's name leads to is not known here: the lookup checks it.
 * Throws OutboundRefused.
 */
export function parsePublicUrl(text: string, rules: PublicUrlRules): URL {
  if (text.length > MAX_URL_LENGTH || AMBIGUOUS.test(text)) throw new OutboundRefused('invalid_url');
  const authority = ABSOLUTE.exec(text)?.[2];
  if (authority === undefined) {
    const isOther = /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^https?:/i.test(text);
    throw new OutboundRefused(isOther ? 'scheme_forbidden' : 'invalid_url');
  }
  if (authority.includes('@')) throw new OutboundRefused('credentials_forbidden');
  // Encoded names and zone ids of interfaces: nobody writes public hosts so.
  if (authority.includes('%') || !URL.canParse(text)) throw new OutboundRefused('invalid_url');
  const url = new URL(text);
  checkParsed(url, rules);
  url.hash = '';
  return url;
}

/** Of the parser's own reading, which is the one that is connected to. */
function checkParsed(url: URL, { isPublic, ports, ownHosts }: PublicUrlRules): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new OutboundRefused('scheme_forbidden');
  if (url.username !== '' || url.password !== '') throw new OutboundRefused('credentials_forbidden');
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  if (!ports.has(port)) throw new OutboundRefused('port_forbidden');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) {
    if (!isPublic(host)) throw new OutboundRefused('address_forbidden');
  } else if (!isPublicName(host)) {
    throw new OutboundRefused('host_forbidden');
  }
  if (ownHosts.has(comparableName(host))) throw new OutboundRefused('host_forbidden');
}

/** Where a redirect leads, by the same rules. Throws OutboundRefused. */
export function parseRedirect(from: URL, location: string, rules: PublicUrlRules): URL {
  if (AMBIGUOUS.test(location) || !URL.canParse(location, from.href))
    throw new OutboundRefused('invalid_url');
  // An absolute one must be plain as it was written, not only once it is resolved.
  const isAbsolute = /^[a-z][a-z0-9+.-]*:/i.test(location);
  const to = parsePublicUrl(isAbsolute ? location : new URL(location, from).href, rules);
  if (from.protocol === 'https:' && to.protocol !== 'https:') {
    throw new OutboundRefused('downgrade_forbidden');
  }
  return to;
}
